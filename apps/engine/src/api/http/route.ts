import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Actor } from '#core/audit/scope.ts';

/**
 * A route of the Docker API is data. A route without a permission does not
 * compile; the gateway checks it, opens the audit draft named by `audit`, and
 * only then calls the handler.
 */
export type Permission =
  | 'system:read'
  | 'system:auth'
  | 'events:read'
  | 'containers:read'
  | 'containers:create'
  | 'containers:control'
  | 'containers:remove'
  | 'containers:exec'
  | 'containers:attach'
  | 'containers:copy'
  | 'logs:read'
  | 'images:read'
  | 'images:write'
  | 'images:remove'
  | 'volumes:read'
  | 'volumes:write'
  | 'volumes:remove'
  | 'networks:read'
  | 'networks:write'
  | 'networks:remove'
  | 'build:run'
  | 'distribution:read'
  | 'settings:read'
  | 'audit:read'
  | 'account:self'
  | 'public';

export type DockerRoute = {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Docker's path without the version prefix; `{name}` matches one segment, `{name:path}` may hold slashes. */
  path: string;
  /** First API version that has it, e.g. '1.25'. Default 1.24. */
  since?: string;
  permission: Permission;
  /** `noun.verb` for changes; absent for reads. */
  audit?: string;
  /** `hijack`: the handler takes the connection over by `request.hijack()`. `stream`: the body is not read for it (`request.body` is a Readable). Default: JSON body parsed, at most 8 MiB. */
  body?: 'json' | 'stream' | 'hijack';
  handler: (request: DockerRequest) => Promise<DockerResponse>;
};

export type DockerRequest = {
  method: string;
  path: string;
  /** As asked for, e.g. '1.43'; the newest one we speak when there was no prefix. */
  version: string;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** As it was sent, for the few values that are bytes rather than text. */
  rawQuery?: string;
  headers: IncomingHttpHeaders;
  /** Parsed JSON; for `hijack` routes too. undefined when there was none. */
  json: unknown;
  /** For `body: 'stream'`: the raw request body with back-pressure. */
  body: Readable;
  actor: Actor;
  /** Aborted when the client goes away. Long work takes it. */
  signal: AbortSignal;
  /**
   * Takes the connection over: writes `101 UPGRADED` (when the client asked to upgrade) or `200 OK`, with the content type,
   * and returns the raw connection. Bytes the client sent behind its request are read first. Its 'end' is the client's
   * half-close; the writable side stays open until ended here.
   */
  hijack(contentType: string): Duplex;
};

/** What a handler answers. `hijacked` when it took the connection over. */
export type DockerResponse =
  | { kind: 'json'; status?: number; body: unknown; headers?: Record<string, string> }
  | { kind: 'empty'; status: 200 | 201 | 204 | 304; headers?: Record<string, string> }
  | { kind: 'text'; status?: number; body: string; headers?: Record<string, string> }
  /** Status and headers go out at once, then the stream is piped with back-pressure; it is destroyed when the client goes. */
  | { kind: 'stream'; status?: number; contentType: string; body: Readable; headers?: Record<string, string> }
  | { kind: 'hijacked' };

export const json = (body: unknown, status = 200): DockerResponse => ({ kind: 'json', status, body });
export const empty = (status: 200 | 201 | 204 | 304 = 204): DockerResponse => ({ kind: 'empty', status });

/** Docker's booleans in a query: absent, `0`, `false`, `no`, `none` are false; the rest is true. */
export function queryBool(query: URLSearchParams, name: string, fallback = false): boolean {
  const value = query.get(name);
  if (value === null) return fallback;
  return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
}
