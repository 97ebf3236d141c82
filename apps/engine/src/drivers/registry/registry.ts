import { EngineError } from '#core/errors.ts';
import type { Registry, RegistryAuth } from '#core/images/ports.ts';
import { createAuthorizer } from './auth.ts';
import { createHttpClient, type HttpClient, NetworkError, requestError } from './http.ts';
import { createRepository } from './repository.ts';

export type RegistryOptions = {
  /** Registries that may be spoken to without TLS, as `host[:port]`. Loopback always may. */
  insecure?: readonly string[];
};

const HUB = 'docker.io';
const HUB_HOST = 'registry-1.docker.io';

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);

/** Whether a server answers there at all; which status does not matter. */
async function answers(http: HttpClient, base: URL, signal?: AbortSignal): Promise<void> {
  const answer = await http.call(new URL('/v2/', base), { signal, manual: true });
  answer.body.destroy();
}

/** Speaks the distribution protocol (OCI distribution spec 1.1) with any registry. */
export function createRegistry(options: RegistryOptions = {}): Registry & { close(): void } {
  const http = createHttpClient();
  const insecure = new Set(options.insecure ?? []);
  /** Which scheme a registry that may lack TLS was found to speak. */
  const found = new Map<string, URL>();

  /** https first; plain http only where it is allowed. Errors name the last try, as Docker's do. */
  const baseOf = async (domain: string, signal?: AbortSignal): Promise<URL> => {
    const host = domain === HUB ? HUB_HOST : domain;
    const secure = new URL(`https://${host}`);
    if (!isLoopback(host) && !insecure.has(host)) return secure;
    const known = found.get(host);
    if (known) return known;
    let last: { url: URL; error: NetworkError } | undefined;
    for (const base of [secure, new URL(`http://${host}`)]) {
      try {
        await answers(http, base, signal);
        found.set(host, base);
        return base;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        last = { url: new URL('/v2/', base), error };
      }
    }
    throw requestError('GET', last!.url, last!.error);
  };

  /** A registry that stopped answering may come back with the other scheme. */
  const forget = (domain: string): void => {
    found.delete(domain);
  };

  const checkAuth = async (auth: RegistryAuth, { signal }: { signal?: AbortSignal } = {}) => {
    const domain = (auth.serveraddress ?? '').replace(/^https?:\/\//, '').replace(/\/.*$/, '') || HUB;
    const base = await baseOf(/^(index\.)?docker\.io$/.test(domain) ? HUB : domain, signal);
    const authorizer = createAuthorizer({ http, registry: base, auth, signal });
    const url = new URL('/v2/', base);
    const ping = async () => {
      const authorization = authorizer.header();
      try {
        const answer = await http.call(url, { signal, headers: authorization ? { Authorization: authorization } : {} });
        answer.body.destroy();
        return answer;
      } catch (error) {
        if (error instanceof NetworkError) throw requestError('GET', url, error);
        throw error;
      }
    };
    let answer = await ping();
    if (answer.status === 401) {
      await authorizer.answer(answer.headers['www-authenticate']);
      answer = await ping();
    }
    if (answer.status === 401 || answer.status === 403) {
      const message = `login attempt to ${url.href} failed with status: ${answer.status} ${answer.status === 401 ? 'Unauthorized' : 'Forbidden'}`;
      throw new EngineError('unauthenticated', message);
    }
    if (answer.status !== 200) {
      throw new EngineError('unavailable', `login attempt to ${url.href} failed with status: ${answer.status}`);
    }
    return { status: 'Login Succeeded', identityToken: '' };
  };

  return {
    repository: (reference, { auth, actions, signal }) =>
      createRepository({
        http,
        reference,
        auth: auth ?? {},
        actions,
        signal,
        base: () => baseOf(reference.domain, signal),
        forget,
      }),
    checkAuth,
    close: () => http.close(),
  };
}
