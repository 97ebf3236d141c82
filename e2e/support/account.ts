import type { Token, TokenCreated } from '../../apps/engine/contract/rest.ts';
import type { TestEngine } from './engine.ts';

export const ADMIN = { username: 'admin', password: 'eleven lamps at the harbour' };

export type Account = {
  /** Value of the Cookie header. */
  readonly cookie: string;
  request(method: string, path: string, body?: unknown): Promise<Response>;
  /** The secret of a new personal API token. */
  createToken(name: string, scope?: Token['scope']): Promise<string>;
};

/** First run: makes the admin account with the secret the engine printed, as the set-up page does. */
export async function signUp(engine: TestEngine): Promise<Account> {
  const response = await post(engine, '/api/v1/setup', '', { ...ADMIN, secret: engine.setupSecret });
  if (!response.ok) throw new Error(`set-up answered ${response.status}: ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const request = (method: string, path: string, body?: unknown): Promise<Response> =>
    post(engine, path, cookie, body, method);
  return {
    cookie,
    request,
    createToken: async (name, scope = 'full') => {
      const created = await request('POST', '/api/v1/tokens', { name, scope, days: 1 });
      if (!created.ok) throw new Error(`the token was refused with ${created.status}: ${await created.text()}`);
      return ((await created.json()) as TokenCreated).secret;
    },
  };
}

function post(engine: TestEngine, path: string, cookie: string, body: unknown, method = 'POST'): Promise<Response> {
  return fetch(new URL(path, engine.url), {
    method,
    headers: {
      ...(cookie ? { cookie } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      'x-gantry-request': '1',
      origin: new URL(engine.url).origin,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
