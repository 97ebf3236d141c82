import { type DockerRoute, queryBool } from '#api/http/route.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { Logs } from '#core/logs/logs.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import { streamContentType } from './attach-streams.ts';

export type LogsRoutesDeps = {
  containers: { resolve(ref: string): ContainerRecord };
  logs: Logs;
  /** Wall clock in nanoseconds. */
  now(): bigint;
};

/** `since` and `until`: absent, empty and 0 mean no bound. */
export function timeBound(query: URLSearchParams, name: string, now: bigint): bigint | null {
  const text = query.get(name) ?? '';
  if (text === '' || text === '0') return null;
  const value = parseTimestamp(text, now);
  if (value === null) throw new EngineError('invalid_argument', `invalid value for "${name}": ${JSON.stringify(text)}`);
  return value;
}

/** A count of lines; `all`, nothing, a negative number and what is no number are all lines, as in Docker. */
function tailOf(query: URLSearchParams): number | null {
  const text = query.get('tail') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}

/** `GET /containers/{id}/logs`. */
export function logsRoutes({ containers, logs, now }: LogsRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'GET',
      path: '/containers/{id}/logs',
      permission: 'logs:read',
      handler: async (request) => {
        const { query } = request;
        const container = containers.resolve(request.params.id as string);
        const stdout = queryBool(query, 'stdout');
        const stderr = queryBool(query, 'stderr');
        if (!stdout && !stderr) {
          throw new EngineError('invalid_argument', 'Bad parameters: you must choose at least one stream');
        }
        const body = await logs.read(container, {
          stdout,
          stderr,
          follow: queryBool(query, 'follow'),
          timestamps: queryBool(query, 'timestamps'),
          details: queryBool(query, 'details'),
          tail: tailOf(query),
          since: timeBound(query, 'since', now()),
          until: timeBound(query, 'until', now()),
        });
        return { kind: 'stream', contentType: streamContentType(request, container.config.Tty), body };
      },
    },
  ];
}
