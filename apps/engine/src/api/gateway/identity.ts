import type { IncomingMessage } from 'node:http';
import type { Door } from '#api/http/door.ts';
import type { OriginPolicy } from '#api/http/origin.ts';
import type { Access, Client } from '#core/access/access.ts';
import { type Principal, SOCKET_PRINCIPAL } from '#core/access/principal.ts';
import { EngineError } from '#core/errors.ts';
import type { SessionCookies } from './cookie.ts';

export type Identity = {
  clientOf(request: IncomingMessage): Client;
  /**
   * Who a request is from. `tokenOnly`: the Docker API on the port, where a
   * browser's cookie counts for nothing. null: it says nothing about itself.
   * @throws EngineError unauthenticated (a credential that does not hold), forbidden (a forged request).
   */
  identify(request: IncomingMessage, door: Door, options: { tokenOnly: boolean }): Promise<Principal | null>;
};

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createIdentity(deps: {
  access: Access;
  origin: OriginPolicy;
  cookies: SessionCookies;
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustProxy: readonly string[];
}): Identity {
  const trusted = new Set(deps.trustProxy.map((address) => address.toLowerCase()));
  const clientOf = (request: IncomingMessage): Client => ({
    from: clientAddress(request, trusted),
    userAgent: String(request.headers['user-agent'] ?? ''),
  });
  return {
    clientOf,
    async identify(request, door, { tokenOnly }) {
      if (door.kind === 'unix') return SOCKET_PRINCIPAL;
      if (door.kind === 'memory') return door.principal;
      const client = clientOf(request);
      const { authorization } = request.headers;
      if (authorization !== undefined) {
        const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
        const principal = token === undefined ? null : await deps.access.resolveToken(token, client);
        if (!principal) throw new EngineError('unauthenticated', 'the token is unknown, expired or revoked');
        return principal;
      }
      if (tokenOnly) return null;
      const secret = deps.cookies.read(request);
      const found = secret === null ? null : await deps.access.resolveSession(secret, client);
      if (!found) return null;
      checkForgery(request, deps.origin);
      return found.principal;
    },
  };
}

/**
 * A cookie is sent by the browser whoever wrote the request. What changes
 * something, and every upgrade, must prove that our own page wrote it: by its
 * origin, and by a header that no form and no other site can set.
 */
function checkForgery(request: IncomingMessage, origin: OriginPolicy): void {
  const upgrade = request.headers.upgrade !== undefined;
  const unsafe = !SAFE.has(request.method ?? '');
  if (!upgrade && !unsafe) return;
  if (!origin.isSameOrigin(request))
    throw new EngineError('forbidden', 'this request was not made by a page of this site');
  if (unsafe) requireOwnHeader(request);
}

export function requireOwnHeader(request: IncomingMessage): void {
  if (request.headers['x-gantry-request'] !== '1') {
    throw new EngineError('forbidden', 'requests that change something need the header x-gantry-request: 1');
  }
}

/** The nearest address that is not one of our proxies: what stands left of it, the client may have made up. */
export function clientAddress(request: IncomingMessage, trusted: ReadonlySet<string>): string {
  const plain = (address: string) =>
    address
      .trim()
      .replace(/^::ffff:/, '')
      .toLowerCase();
  let address = plain(request.socket.remoteAddress ?? 'unknown');
  if (!trusted.has(address)) return address;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map(plain)
    .filter(Boolean)
    .reverse();
  for (const hop of forwarded) {
    if (!/^[0-9a-f.:]{2,45}$/.test(hop)) return address;
    address = hop;
    if (!trusted.has(hop)) return address;
  }
  return address;
}
