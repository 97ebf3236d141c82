import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EngineError } from '#core/errors.ts';

/**
 * What protects a port against the pages of other sites: the Host must be
 * one of ours (a page cannot rebind a name to us), and a request that a
 * browser says comes from another origin is refused whatever its method.
 * There is no CORS. Clients that are not browsers send neither header.
 */
export type OriginPolicy = {
  /** @throws EngineError forbidden. `navigation`: a link on another site may open a page of ours, never an API. */
  check(request: IncomingMessage, options: { navigation: boolean }): void;
  /** Whether the request carries proof that our own page made it: an Origin that is ours, or Sec-Fetch-Site same-origin. */
  isSameOrigin(request: IncomingMessage): boolean;
};

export function createOriginPolicy(config: {
  /** The address listened on; a name or address that clients may use. */
  host: string;
  /** Where people reach the site when that is not here, e.g. `https://gantry.example.org`. */
  publicUrl: string;
  allowedHosts: readonly string[];
}): OriginPolicy {
  const names = new Set(['localhost', '127.0.0.1', '::1', ...config.allowedHosts.map((name) => name.toLowerCase())]);
  if (config.host !== '' && config.host !== '0.0.0.0' && config.host !== '::') names.add(config.host.toLowerCase());
  const publicOrigin = config.publicUrl === '' ? null : new URL(config.publicUrl);
  if (publicOrigin) names.add(stripBrackets(publicOrigin.hostname));

  const isOurs = (request: IncomingMessage): boolean => {
    const name = hostName(request.headers.host);
    // An address literal cannot be rebound: the one the connection came in on is us.
    return name !== null && (names.has(name) || name === plainAddress((request.socket as Socket).localAddress));
  };
  const ownOrigin = (origin: string, request: IncomingMessage): boolean => {
    if (publicOrigin && origin === publicOrigin.origin) return true;
    const host = request.headers.host?.toLowerCase();
    return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
  };

  return {
    check(request, { navigation }) {
      if ((request.headersDistinct.host?.length ?? 0) > 1)
        throw new EngineError('invalid_argument', 'more than one Host header');
      if (!isOurs(request))
        throw new EngineError('forbidden', 'the Host of this request is not one of this engine (see allowedHosts)');
      const { origin } = request.headers;
      if (origin !== undefined && !ownOrigin(origin.toLowerCase(), request)) {
        throw new EngineError('forbidden', 'requests from other origins are refused');
      }
      const site = request.headers['sec-fetch-site'];
      if (site === undefined || site === 'same-origin' || site === 'none') return;
      const opensPage =
        navigation &&
        request.method === 'GET' &&
        request.headers['sec-fetch-mode'] === 'navigate' &&
        request.headers['sec-fetch-dest'] === 'document';
      if (!opensPage) throw new EngineError('forbidden', 'requests from other sites are refused');
    },
    isSameOrigin(request) {
      const { origin } = request.headers;
      if (origin !== undefined) return ownOrigin(origin.toLowerCase(), request);
      return request.headers['sec-fetch-site'] === 'same-origin';
    },
  };
}

/** Host without port, lower case, IPv6 without brackets; null when it is not one. */
export function hostName(header: string | undefined): string | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/.exec(header ?? '');
  return match ? stripBrackets((match[1] as string).toLowerCase()).replace(/\.$/, '') : null;
}

const stripBrackets = (host: string) => host.replace(/^\[|\]$/g, '').toLowerCase();
const plainAddress = (address: string | undefined) => address?.replace(/^::ffff:/, '').toLowerCase();
