import { z } from 'zod';
import type { RestRoute } from '#api/gateway/rest-route.ts';
import { Problem } from '#contract/rest.ts';

type Schema = Record<string, unknown>;

/** OpenAPI 3.1 of Gantry's own REST, from the table that serves it: it cannot say anything else than what is served. */
export function openApiDocument(routes: readonly RestRoute[], version: string): Schema {
  const schemas: Record<string, Schema> = {};
  const paths: Record<string, Record<string, Schema>> = {};
  const toSchema = (type: z.ZodType, io: 'input' | 'output') => reference(type, io, schemas);
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method.toLowerCase()] = operation(route, toSchema);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gantry',
      version,
      description:
        'Gantry’s own REST. The Docker Engine API of each host is served beside it under /api/v1/hosts/{host}/docker/. Errors are {"message": "…"}.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-gantry' },
        token: { type: 'http', scheme: 'bearer', description: 'A personal API token.' },
      },
    },
  };
}

function operation(route: RestRoute, toSchema: (type: z.ZodType, io: 'input' | 'output') => Schema): Schema {
  const isPublic = route.permission === 'public';
  const unsafe = route.method !== 'GET';
  const answer: Schema = { description: 'Done.' };
  if (route.response) answer.content = { 'application/json': { schema: toSchema(route.response, 'output') } };
  else if (route.contentType) answer.content = { [route.contentType]: {} };
  const problem = { description: 'Refused.', content: { 'application/json': { schema: toSchema(Problem, 'output') } } };
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replace('/api/v1', '').replace(/[^a-zA-Z]+(\w)?/g, (_m, next = '') => next.toUpperCase())}`,
    summary: route.summary,
    tags: [route.tag],
    'x-permission': route.permission,
    security: isPublic
      ? []
      : route.permission === 'account:self'
        ? [{ session: [] }]
        : [{ session: [] }, { token: [] }],
    parameters: [...pathParameters(route), ...queryParameters(route), ...(unsafe ? [OWN_HEADER] : [])],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: toSchema(route.body, 'input') } } } }
      : {}),
    responses: {
      [String(route.status ?? 200)]: answer,
      '400': problem,
      ...(isPublic ? {} : { '401': problem, '403': problem }),
    },
  };
}

const OWN_HEADER = {
  name: 'x-gantry-request',
  in: 'header',
  required: true,
  description: 'Proves that no other site made the request. Not needed with a token.',
  schema: { const: '1' },
};

const pathParameters = (route: RestRoute) =>
  [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

function queryParameters(route: RestRoute): Schema[] {
  if (!route.query) return [];
  const schema = z.toJSONSchema(route.query, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
}

/** Schemas with an id become components, the rest stays in place; `$defs` of one document become components of another. */
function reference(type: z.ZodType, io: 'input' | 'output', schemas: Record<string, Schema>): Schema {
  const json = z.toJSONSchema(type, { io, target: 'draft-2020-12', unrepresentable: 'any' }) as Schema;
  const {
    $defs,
    $schema: _schema,
    ...rest
  } = JSON.parse(JSON.stringify(json).replaceAll('"#/$defs/', '"#/components/schemas/')) as Schema & {
    $defs?: Record<string, Schema>;
  };
  for (const [name, definition] of Object.entries($defs ?? {})) schemas[name] = definition;
  const { id, ...own } = rest;
  const name = z.globalRegistry.get(type)?.id ?? (typeof id === 'string' ? id : undefined);
  if (name === undefined) return rest;
  // A schema with an id is itself among its definitions.
  if ($defs === undefined || !Object.hasOwn($defs, name)) schemas[name] = own;
  return { $ref: `#/components/schemas/${name}` };
}
