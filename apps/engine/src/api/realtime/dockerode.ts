import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { isEngineError } from '#core/errors.ts';

export type Dockerode = Docker;

/** The query of a GET as dockerode's modem takes it. */
type Query = Record<string, string | number | boolean>;

/**
 * A GET whose answer is a stream, whatever its length: dockerode's own `logs` gathers the whole answer in memory when
 * it does not follow.
 */
export function getStream(docker: Dockerode, path: string, query: Query): Promise<Readable> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { path: `${path}?`, method: 'GET', isStream: true, options: query, statusCodes: { 200: true } },
      (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer as Readable)),
    );
  });
}

/** What a client may read of a failure of the Docker API: the API's own message, never that of a cause. */
export function messageOf(error: unknown): { code: string; message: string } {
  if (isEngineError(error)) return { code: error.code, message: error.message };
  const status = fieldOf(error, 'statusCode');
  const body = fieldOf(error, 'json');
  const message = fieldOf(body, 'message');
  if (typeof status === 'number') {
    const code = CODES.get(status) ?? 'internal';
    return { code, message: typeof message === 'string' ? message : `the host answered ${status}` };
  }
  return { code: 'unavailable', message: 'the host cannot be reached' };
}

const CODES = new Map([
  [400, 'invalid_argument'],
  [401, 'unauthenticated'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [501, 'not_implemented'],
  [503, 'unavailable'],
]);

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
