import { z } from 'zod';
import type { SessionCookies } from '#api/gateway/cookie.ts';
import { type RestAnswer, type RestCall, type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import { Me, PasswordChange, Session, SetupRequest, SetupState, SignInRequest } from '#contract/rest.ts';
import { ABSOLUTE_MS, type Access, type SignedIn } from '#core/access/access.ts';
import type { SessionRecord } from '#core/access/ports.ts';
import type { Principal } from '#core/access/principal.ts';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';

const TAG = 'Session';

/** Who is signed in on a route that only sessions reach. */
export function sessionOf(principal: Principal | null): { userId: string; sessionId: string; principal: Principal } {
  if (!principal?.userId || !principal.sessionId) throw new EngineError('forbidden', 'this needs a signed-in session');
  return { userId: principal.userId, sessionId: principal.sessionId, principal };
}

export function sessionRoutes(deps: {
  access: Access;
  cookies: SessionCookies;
  engine: { version: string; hostname: string };
}): RestRoute[] {
  const { access, cookies, engine } = deps;
  const me = (principal: Principal, session: SessionRecord): Me => ({
    user: { id: principal.userId ?? '', username: principal.actor.name, role: principal.role },
    session: { id: session.id, expiresAt: session.expiresAt.toISOString() },
    engine,
  });
  /** The cookie goes to the browser only in an answer, and the answer only after the audit row. */
  const signedIn = ({ request }: RestCall, { secret, principal, session }: SignedIn): RestAnswer => {
    auditScope.actor(principal.actor);
    auditScope.object('session', session.id, principal.actor.name);
    return {
      body: me(principal, session),
      headers: { 'Set-Cookie': cookies.set(request, secret, ABSOLUTE_MS / 1000) },
    };
  };
  const attempt = async (
    username: string,
    client: RestCall['client'],
    work: () => Promise<SignedIn>,
  ): Promise<SignedIn> => {
    auditScope.object('user', '', username);
    auditScope.detail({ userAgent: client.userAgent.slice(0, 256) });
    return work();
  };

  return [
    restRoute({
      method: 'GET',
      path: '/api/v1/setup',
      permission: 'public',
      tag: TAG,
      summary: 'Whether the first account is still to be made.',
      response: SetupState,
      handler: async () => ({ body: { needed: await access.setupNeeded() } }),
    }),
    restRoute({
      method: 'POST',
      path: '/api/v1/setup',
      permission: 'public',
      audit: 'setup.complete',
      tag: TAG,
      summary: 'Make the administrator with the one-time secret printed on the host, and sign in.',
      body: SetupRequest,
      response: Me,
      handler: async (call) =>
        signedIn(call, await attempt(call.body.username, call.client, () => access.setUp(call.body, call.client))),
    }),
    restRoute({
      method: 'POST',
      path: '/api/v1/session',
      permission: 'public',
      audit: 'session.create',
      tag: TAG,
      summary: 'Sign in.',
      body: SignInRequest,
      response: Me,
      handler: async (call) => {
        const { username, password } = call.body;
        return signedIn(
          call,
          await attempt(username, call.client, () => access.signIn(username, password, call.client)),
        );
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/session',
      permission: 'account:self',
      tag: TAG,
      summary: 'Who is signed in.',
      response: Me,
      handler: async ({ principal }) => {
        const { userId, sessionId, principal: self } = sessionOf(principal);
        const session = (await access.sessions(userId)).find(({ id }) => id === sessionId);
        if (!session) throw new EngineError('unauthenticated', 'sign in first');
        return { body: me(self, session) };
      },
    }),
    restRoute({
      method: 'DELETE',
      path: '/api/v1/session',
      permission: 'account:self',
      audit: 'session.end',
      tag: TAG,
      summary: 'Sign out.',
      status: 204,
      handler: async ({ principal, request }) => {
        const { userId, sessionId } = sessionOf(principal);
        await access.endSession(userId, sessionId, 'signed out');
        auditScope.object('session', sessionId, principal?.actor.name ?? '');
        return { headers: { 'Set-Cookie': cookies.clear(request) } };
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/sessions',
      permission: 'account:self',
      tag: TAG,
      summary: 'The sessions of the signed-in user.',
      response: z.array(Session),
      handler: async ({ principal }) => {
        const { userId, sessionId } = sessionOf(principal);
        const sessions = await access.sessions(userId);
        return { body: sessions.map((session) => toSession(session, sessionId)) };
      },
    }),
    restRoute({
      method: 'DELETE',
      path: '/api/v1/sessions/{id}',
      permission: 'account:self',
      audit: 'session.revoke',
      tag: TAG,
      summary: 'End one of the own sessions.',
      status: 204,
      handler: async ({ principal, params }) => {
        const { userId } = sessionOf(principal);
        auditScope.object('session', params.id ?? '', principal?.actor.name ?? '');
        await access.endSession(userId, params.id ?? '', 'the session was revoked');
        return {};
      },
    }),
    restRoute({
      method: 'PUT',
      path: '/api/v1/account/password',
      permission: 'account:self',
      audit: 'account.password',
      tag: TAG,
      summary: 'Change the password. Ends every session and token of the user and starts a new session.',
      body: PasswordChange,
      status: 204,
      handler: async ({ principal, body, client, request }) => {
        const { principal: self } = sessionOf(principal);
        const renewed = await access.changePassword(self, body, client);
        auditScope.object('user', self.userId ?? '', self.actor.name);
        return { headers: { 'Set-Cookie': cookies.set(request, renewed.secret, ABSOLUTE_MS / 1000) } };
      },
    }),
  ];
}

const toSession = (session: SessionRecord, current: string): Session => ({
  id: session.id,
  current: session.id === current,
  createdAt: session.createdAt.toISOString(),
  lastSeenAt: session.lastSeenAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  from: session.ipAddress ?? '',
  userAgent: session.userAgent ?? '',
});
