import type { IncomingMessage } from 'node:http';
import { hostName } from '#api/http/origin.ts';

/** `__Host-`: the browser takes it only over a trustworthy connection, for this host alone, for every path. */
const NAME = '__Host-gantry';
/** Without TLS on a network (a setting allows it), browsers take no Secure cookie: then a plain one must do. */
const PLAIN_NAME = 'gantry';

export type SessionCookies = {
  read(request: IncomingMessage): string | null;
  /** Set-Cookie for a new session; it ends with the session's absolute end. */
  set(request: IncomingMessage, secret: string, maxAgeSeconds: number): string;
  clear(request: IncomingMessage): string;
};

export function createSessionCookies(config: { allowPlain: boolean; publicUrl: string }): SessionCookies {
  const plainFor = (request: IncomingMessage): boolean => {
    if (!config.allowPlain || config.publicUrl.startsWith('https:')) return false;
    const host = hostName(request.headers.host);
    // Browsers treat these as trustworthy without TLS (W3C Secure Contexts, section 3.1).
    return (
      host !== null &&
      host !== 'localhost' &&
      !host.endsWith('.localhost') &&
      host !== '::1' &&
      !host.startsWith('127.')
    );
  };
  const write = (request: IncomingMessage, value: string, maxAge: number) => {
    const plain = plainFor(request);
    const secure = plain ? '' : '; Secure';
    return `${plain ? PLAIN_NAME : NAME}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
  };
  return {
    read(request) {
      const name = plainFor(request) ? PLAIN_NAME : NAME;
      const values = (request.headers.cookie ?? '')
        .split(';')
        .map((part) => part.trim())
        .filter((part) => part.startsWith(`${name}=`))
        .map((part) => part.slice(name.length + 1));
      // Two of them means somebody planted one; neither is believed.
      return values.length === 1 ? (values[0] ?? null) : null;
    },
    set: (request, secret, maxAgeSeconds) => write(request, secret, maxAgeSeconds),
    clear: (request) => write(request, '', 0),
  };
}
