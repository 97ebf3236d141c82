import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ZodType } from 'zod';
import type { Gateway } from '#api/gateway/gateway.ts';
import type { RestAnswer, RestRoute } from '#api/gateway/rest-route.ts';
import { toProblem } from '#api/http/errors.ts';
import { EngineError, isEngineError } from '#core/errors.ts';

type Log = { error(facts: Record<string, unknown>, message: string): void };

/** Puts Gantry's own REST into the server: each route through the gateway, bodies and queries by their schemas. */
export function registerRest(
  app: FastifyInstance,
  deps: { routes: readonly RestRoute[]; gateway: Gateway; log: Log },
): void {
  // JSON only: a form or text/plain is what another site could send (D4).
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch (cause) {
      done(new EngineError('invalid_argument', 'the body is not valid JSON', { cause }));
    }
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, deps.log));
  for (const route of deps.routes) {
    app.route({
      method: route.method,
      url: route.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        const params = { ...(request.params as Record<string, string>) };
        const answer = await deps.gateway.rest.run(route, request.raw, params, (principal, client) =>
          route.handler({
            request: request.raw,
            params,
            body: parse(route.body, request.body, 'body'),
            query: parse(route.query, request.query, 'query'),
            client,
            principal,
          }),
        );
        return sendAnswer(reply, route, answer);
      },
    });
  }
}

function parse(schema: ZodType | undefined, value: unknown, where: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new EngineError(
    'invalid_argument',
    field === '' ? `${where}: ${issue?.message}` : `${field}: ${issue?.message}`,
    {
      details: { field },
    },
  );
}

function sendAnswer(reply: FastifyReply, route: RestRoute, answer: RestAnswer): FastifyReply {
  reply.code(answer.status ?? route.status ?? 200).header('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(answer.headers ?? {})) reply.header(name, value);
  if (answer.stream) return reply.send(answer.stream);
  if (answer.body === undefined) return reply.send();
  return reply.type(route.contentType ?? 'application/json; charset=utf-8').send(JSON.stringify(answer.body));
}

/** Fastify's own refusals carry a status; their texts are about us, so they are said anew. */
const FASTIFY_PROBLEMS: Readonly<Record<number, string>> = {
  400: 'the request is malformed',
  413: 'the request body is too large',
  415: 'the Content-Type must be application/json',
};

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  reply.header('Cache-Control', 'no-store').type('application/json; charset=utf-8');
  const status = (error as { statusCode?: unknown }).statusCode;
  const known = typeof status === 'number' ? FASTIFY_PROBLEMS[status] : undefined;
  if (!isEngineError(error) && known !== undefined)
    return reply.code(status as number).send(JSON.stringify({ message: known }));
  const problem = toProblem(error);
  if (problem.logId !== undefined)
    log.error({ id: problem.logId, method: request.method, err: error }, 'request failed');
  const wait = isEngineError(error, 'rate_limited') ? error.details?.retryAfterSeconds : undefined;
  if (wait !== undefined) reply.header('Retry-After', String(wait));
  return reply.code(problem.status).send(JSON.stringify({ message: problem.message }));
}
