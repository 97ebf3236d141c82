import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { ZodType, z } from 'zod';
import type { Permission } from '#api/http/route.ts';
import type { Client } from '#core/access/access.ts';
import type { Principal } from '#core/access/principal.ts';

/**
 * A route of Gantry's own REST is data too: the gateway checks its permission
 * and opens its audit row, and the OpenAPI document is made from its schemas.
 */
export type RestRoute = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/v1/tokens/{id}` */
  readonly path: string;
  readonly permission: Permission;
  /** `noun.verb` for what changes something or discloses the audit. */
  readonly audit?: string;
  readonly summary: string;
  readonly tag: string;
  readonly body?: ZodType;
  readonly query?: ZodType;
  readonly response?: ZodType;
  /** Of success; 200 unless said otherwise. */
  readonly status?: number;
  /** Of success, when it is not JSON. */
  readonly contentType?: string;
  readonly handler: (call: RestCall) => Promise<RestAnswer>;
};

export type RestCall = {
  readonly request: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  /** Checked by the route's schemas. */
  readonly body: unknown;
  readonly query: unknown;
  readonly client: Client;
  /** null only on routes whose permission is `public`. */
  readonly principal: Principal | null;
};

export type RestAnswer = {
  readonly status?: number;
  readonly body?: unknown;
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Declares a route whose handler sees its body and query with their types. */
export function restRoute<B extends ZodType = ZodType<undefined>, Q extends ZodType = ZodType<undefined>>(
  route: Omit<RestRoute, 'body' | 'query' | 'handler'> & {
    body?: B;
    query?: Q;
    handler: (call: RestCall & { body: z.output<B>; query: z.output<Q> }) => Promise<RestAnswer>;
  },
): RestRoute {
  return route as RestRoute;
}
