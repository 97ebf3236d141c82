import { EngineError } from '#core/errors.ts';
import type { RegistryAuth } from '#core/images/ports.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { type HttpClient, NetworkError, readBody, requestError } from './http.ts';

const TOKEN_LIMIT = 64 * 1024;

/**
 * The Authorization header for one repository, found by the registry's own
 * challenge. Distribution project, "Token Authentication Specification" and
 * "OAuth2 Token Authentication".
 */
export type Authorizer = {
  /** What to send now; undefined before a challenge was seen. */
  header(): string | undefined;
  /** Answers a 401. Errors: `unauthenticated` in Docker's words. */
  answer(challenge: string | undefined): Promise<void>;
};

/** The name under which a registry's hosts belong to one owner: `docker.io` of `auth.docker.io`. */
function siteOf(host: string): string {
  if (/^[\d.]+$|:/.test(host)) return host;
  const labels = host.toLowerCase().split('.');
  // co.uk and the like: a short label before a country's.
  const isCountry = (labels.at(-1)?.length ?? 0) === 2 && (labels.at(-2)?.length ?? 0) <= 3;
  return labels.slice(isCountry ? -3 : -2).join('.');
}

const basic = (auth: RegistryAuth): string =>
  `Basic ${Buffer.from(`${auth.username ?? ''}:${auth.password ?? ''}`).toString('base64')}`;

/** Where the token is to be fetched; passwords go only to the registry's own site and never from https to http. */
function realmOf(challenge: Challenge, registry: URL, hasSecret: boolean): URL {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '');
  if (!realm || !/^https?:$/.test(realm.protocol)) {
    throw new EngineError('unauthenticated', `${registry.host}: the registry names no usable token server`);
  }
  const isSameSite = siteOf(realm.hostname) === siteOf(registry.hostname);
  const isDowngrade = registry.protocol === 'https:' && realm.protocol === 'http:';
  if (hasSecret && (!isSameSite || isDowngrade)) {
    throw new EngineError(
      'unauthenticated',
      `${registry.host}: credentials are not sent to the token server ${realm.host}`,
    );
  }
  return realm;
}

export function createAuthorizer(deps: {
  http: HttpClient;
  registry: URL;
  auth: RegistryAuth;
  /** `repository:library/redis:pull`; absent for a login. */
  scope?: string;
  signal?: AbortSignal;
}): Authorizer {
  const { http, registry, auth, scope, signal } = deps;
  let current = auth.registrytoken ? `Bearer ${auth.registrytoken}` : undefined;
  let fetching: Promise<string> | undefined;
  const hasPassword = Boolean(auth.username || auth.password);

  const fetchToken = async (challenge: Challenge): Promise<string> => {
    const realm = realmOf(challenge, registry, hasPassword || Boolean(auth.identitytoken));
    const service = challenge.parameters.get('service') ?? '';
    const wanted = scope ?? challenge.parameters.get('scope');
    const method = auth.identitytoken ? 'POST' : 'GET';
    const form = new URLSearchParams({ service, client_id: 'gantry', ...(wanted && { scope: wanted }) });
    const headers: Record<string, string> = {};
    let body: Buffer | undefined;
    if (auth.identitytoken) {
      form.set('grant_type', 'refresh_token');
      form.set('refresh_token', auth.identitytoken);
      body = Buffer.from(form.toString());
      headers['Content-Type'] = 'application/x-www-form-urlencoded';
      headers['Content-Length'] = String(body.length);
    } else {
      for (const [name, value] of form) if (value) realm.searchParams.append(name, value);
      if (hasPassword) headers.Authorization = basic(auth);
    }
    try {
      const answer = await http.call(realm, { method, headers, body, signal });
      const bytes = await readBody(answer, TOKEN_LIMIT);
      if (answer.status === 401 || answer.status === 403 || answer.status === 400) {
        throw new EngineError('unauthenticated', 'unauthorized: incorrect username or password');
      }
      if (answer.status !== 200)
        throw new EngineError('unavailable', `${realm.host}: token server answered ${answer.status}`);
      return tokenIn(bytes, realm);
    } catch (error) {
      if (error instanceof NetworkError) throw requestError(method, realm, error);
      throw error;
    }
  };

  return {
    header: () => current,
    async answer(header) {
      const challenges = parseChallenges(header);
      const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
      if (bearer && !auth.registrytoken) {
        fetching ??= fetchToken(bearer).finally(() => {
          fetching = undefined;
        });
        current = `Bearer ${await fetching}`;
        return;
      }
      if (challenges.some((challenge) => challenge.scheme === 'basic')) {
        if (!hasPassword) throw new EngineError('unauthenticated', 'no basic auth credentials');
        current = basic(auth);
        return;
      }
      throw new EngineError('unauthenticated', 'unauthorized: authentication required');
    },
  };
}

function tokenIn(bytes: Buffer, realm: URL): string {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as { token?: unknown; access_token?: unknown };
    const token = value.token || value.access_token;
    // A line break would let the token server write our headers.
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  } catch (cause) {
    throw new EngineError('unavailable', `${realm.host}: the token server's answer is not JSON`, { cause });
  }
  throw new EngineError('unavailable', `${realm.host}: the token server gave no token`);
}
