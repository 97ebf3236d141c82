import { z } from 'zod';
import { type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import { Preference, Token, TokenCreated, TokenRequest } from '#contract/rest.ts';
import type { Access } from '#core/access/access.ts';
import type { TokenRecord } from '#core/access/ports.ts';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { sessionOf } from './session-routes.ts';

/** What a user chose for the site is some hundred bytes; this keeps a client from using us as a disk. */
const MAX_PREFERENCE_BYTES = 16 * 1024;
const MAX_PREFERENCES = 64;

export function tokenRoutes({ access }: { access: Access }): RestRoute[] {
  return [
    restRoute({
      method: 'GET',
      path: '/api/v1/tokens',
      permission: 'account:self',
      tag: 'Account',
      summary: 'The personal API tokens of the signed-in user.',
      response: z.array(Token),
      handler: async ({ principal }) => ({ body: (await access.tokens(sessionOf(principal).userId)).map(toToken) }),
    }),
    restRoute({
      method: 'POST',
      path: '/api/v1/tokens',
      permission: 'account:self',
      audit: 'token.create',
      tag: 'Account',
      summary: 'Make a personal API token. Its secret is in this answer and nowhere else.',
      body: TokenRequest,
      response: TokenCreated,
      status: 201,
      handler: async ({ principal, body }) => {
        auditScope.detail({ name: body.name, scope: body.scope, days: body.days });
        const { token, secret } = await access.createToken(sessionOf(principal).userId, body);
        return { body: { ...toToken(token), secret } satisfies TokenCreated };
      },
    }),
    restRoute({
      method: 'DELETE',
      path: '/api/v1/tokens/{id}',
      permission: 'account:self',
      audit: 'token.revoke',
      tag: 'Account',
      summary: 'Revoke a personal API token; it stops working at once.',
      status: 204,
      handler: async ({ principal, params }) => {
        auditScope.object('token', params.id ?? '', '');
        await access.revokeToken(sessionOf(principal).userId, params.id ?? '');
        return {};
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/preferences/{key}',
      permission: 'account:self',
      tag: 'Account',
      summary: 'What the user chose for the site; null when nothing.',
      response: Preference,
      handler: async ({ principal, params }) => {
        const value = await access.preferences.get(sessionOf(principal).userId, keyOf(params.key));
        return { body: { value: value === null ? null : JSON.parse(value) } };
      },
    }),
    restRoute({
      method: 'PUT',
      path: '/api/v1/preferences/{key}',
      permission: 'account:self',
      tag: 'Account',
      summary: 'Keep what the user chose for the site: a JSON value up to 16 KiB.',
      body: Preference,
      status: 204,
      handler: async ({ principal, params, body }) => {
        const { userId } = sessionOf(principal);
        const key = keyOf(params.key);
        const text = JSON.stringify(body.value ?? null);
        if (Buffer.byteLength(text) > MAX_PREFERENCE_BYTES)
          throw new EngineError('too_large', 'a preference holds at most 16 KiB');
        const known = (await access.preferences.get(userId, key)) !== null;
        if (!known && (await access.preferences.count(userId)) >= MAX_PREFERENCES) {
          throw new EngineError('conflict', `there are ${MAX_PREFERENCES} preferences already`);
        }
        await access.preferences.put(userId, key, text);
        return {};
      },
    }),
  ];
}

function keyOf(key: string | undefined): string {
  if (key === undefined || !/^[a-zA-Z][a-zA-Z0-9._-]{0,63}$/.test(key)) {
    throw new EngineError(
      'invalid_argument',
      'a preference key is 1 to 64 letters, digits, dots, dashes or underscores',
    );
  }
  return key;
}

const toToken = (token: TokenRecord): Token => ({
  id: token.id,
  name: token.name,
  prefix: token.prefix,
  scope: token.scope,
  createdAt: token.createdAt.toISOString(),
  expiresAt: token.expiresAt.toISOString(),
  lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  lastUsedFrom: token.lastUsedFrom,
});
