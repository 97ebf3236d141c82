import { randomUUID } from 'node:crypto';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { createBackoff } from './backoff.ts';
import { checkPasswordRules, createPasswordHasher } from './password.ts';
import type { AccessStore, Accounts, SessionRecord, TokenRecord, UserRecord } from './ports.ts';
import { isRole, type Principal } from './principal.ts';
import { hashSecret, isWellFormedToken, newSecret, newToken } from './secrets.ts';
import { createSetup } from './setup.ts';

/** D2: a session ends after this long without use, and after this long in any case. */
export const IDLE_MS = 30 * 60_000;
export const ABSOLUTE_MS = 12 * 60 * 60_000;
/** How often use is written down; a session seen less often than this would look idle. */
const TOUCH_MS = 60_000;
const MAX_TOKENS = 100;

/** Who is at the other end of a request. */
export type Client = { from: string; userAgent: string };

export type SignedIn = { secret: string; principal: Principal; session: SessionRecord; user: UserRecord };
export type SessionEnd = { userId: string; sessionId?: string; tokenId?: string; reason: string };

export type Access = ReturnType<typeof createAccess>;

/**
 * Who may come in: set-up, sign-in, sessions and personal tokens. The store
 * holds only hashes; a copy of the database lets nobody in.
 */
export function createAccess(deps: {
  store: AccessStore;
  accounts: Accounts;
  /** Where the set-up secret waits for the first account: `<dataRoot>/keys/setup.secret`. */
  setupFile: string;
  now?: () => number;
}) {
  const { store, accounts } = deps;
  const now = deps.now ?? Date.now;
  const passwords = createPasswordHasher();
  const backoff = createBackoff(now);
  const setup = createSetup({ store, file: deps.setupFile });
  const listeners = new Set<(end: SessionEnd) => void>();
  let settingUp: Promise<unknown> = Promise.resolve();

  const ended = (end: SessionEnd) => {
    for (const listener of listeners) listener(end);
  };
  const principalOf = (
    user: UserRecord,
    client: Client,
    ids: { sessionId?: string; tokenId?: string },
    scope: 'full' | 'read',
  ): Principal | null => {
    if (user.disabled || !isRole(user.role)) return null;
    const kind = ids.tokenId === undefined ? 'user' : 'token';
    return {
      actor: { kind, id: user.id, name: user.username, from: client.from },
      role: user.role,
      scope,
      userId: user.id,
      ...ids,
    };
  };
  const idleEnd = (createdAt: number) => new Date(Math.min(now() + IDLE_MS, createdAt + ABSOLUTE_MS));
  const alive = (session: SessionRecord) =>
    session.expiresAt.getTime() > now() && session.createdAt.getTime() + ABSOLUTE_MS > now();

  const openSession = async (user: UserRecord, client: Client): Promise<SignedIn> => {
    const secret = newSecret();
    const session = await accounts.createSession({
      userId: user.id,
      tokenHash: hashSecret(secret),
      from: client.from,
      userAgent: client.userAgent.slice(0, 256),
      createdAt: new Date(now()),
      expiresAt: idleEnd(now()),
    });
    const principal = principalOf(user, client, { sessionId: session.id }, 'full');
    if (!principal) throw new EngineError('forbidden', 'This account may not sign in.');
    return { secret, principal, session, user };
  };

  /** Ends every session and token of a user, and tells whoever holds a connection of theirs. */
  const endAll = async (userId: string, reason: string): Promise<void> => {
    const sessions = await store.sessions.list(userId);
    const tokens = await store.tokens.list(userId);
    await store.sessions.delete(sessions.map((session) => session.id));
    await store.tokens.delete(tokens.map((token) => token.id));
    for (const { id } of sessions) ended({ userId, sessionId: id, reason });
    for (const { id } of tokens) ended({ userId, tokenId: id, reason });
  };

  const signIn = async (username: string, password: string, client: Client): Promise<SignedIn> => {
    backoff.check(username, client.from);
    const found = await accounts.findByUsername(username);
    const right = found?.passwordHash
      ? await passwords.verify(password, found.passwordHash)
      : await passwords.verifyNothing(password);
    if (!found || !right || found.user.disabled) {
      backoff.failed(username, client.from);
      throw new EngineError('unauthenticated', 'The user name or the password is wrong.');
    }
    backoff.succeeded(username, client.from);
    if (found.passwordHash && passwords.needsRehash(found.passwordHash)) {
      await accounts.setPasswordHash(found.user.id, await passwords.hash(password));
    }
    return openSession(found.user, client);
  };

  return {
    setupNeeded: setup.needed,
    setupSecret: setup.secret,
    /** Makes the first account and signs in. One at a time: two at once must not make two. */
    setUp(request: { secret: string; username: string; password: string }, client: Client): Promise<SignedIn> {
      const run = settingUp.then(async () => {
        backoff.check('', client.from);
        try {
          await setup.check(request.secret);
        } catch (error) {
          backoff.failed('', client.from);
          throw error;
        }
        checkPasswordRules(request.password, request.username);
        const passwordHash = await passwords.hash(request.password);
        const user = await accounts.create({ username: request.username, passwordHash, role: 'admin' });
        // The row of this act is in the transaction that closes the set-up.
        auditScope.actor({ kind: 'user', id: user.id, name: user.username, from: client.from });
        auditScope.object('user', user.id, user.username);
        await setup.done();
        return openSession(user, client);
      });
      settingUp = run.catch(() => undefined);
      return run;
    },
    signIn,
    /** Ends a session of this user; unknown ids and those of others are not found alike. */
    async endSession(userId: string, sessionId: string, reason: string): Promise<SessionRecord> {
      const session = await store.sessions.get(sessionId);
      if (!session || session.userId !== userId) throw new EngineError('not_found', `No such session: ${sessionId}`);
      await store.sessions.delete([sessionId]);
      ended({ userId, sessionId, reason });
      return session;
    },
    async sessions(userId: string): Promise<SessionRecord[]> {
      return (await store.sessions.list(userId)).filter(alive);
    },
    /** The session of a cookie, or null. Using it keeps it from being idle. */
    async resolveSession(
      secret: string,
      client: Client,
    ): Promise<{ principal: Principal; session: SessionRecord } | null> {
      if (!/^[A-Za-z0-9_-]{43}$/.test(secret)) return null;
      const found = await accounts.findSession(hashSecret(secret));
      if (!found || !alive(found.session)) return null;
      let { session } = found;
      if (now() - session.lastSeenAt.getTime() >= TOUCH_MS) {
        session = { ...session, lastSeenAt: new Date(now()), expiresAt: idleEnd(session.createdAt.getTime()) };
        await store.sessions.touch(session.id, session.lastSeenAt, session.expiresAt);
      }
      const principal = principalOf(found.user, client, { sessionId: session.id }, 'full');
      return principal ? { principal, session } : null;
    },
    /** The owner's rights now, at most the token's scope; null when it is unknown, expired, revoked or its owner disabled. */
    async resolveToken(token: string, client: Client): Promise<Principal | null> {
      if (!isWellFormedToken(token)) return null;
      const record = await store.tokens.findByHash(hashSecret(token));
      if (!record || record.expiresAt.getTime() <= now()) return null;
      const user = await store.user(record.userId);
      if (!user) return null;
      if (now() - (record.lastUsedAt?.getTime() ?? 0) >= TOUCH_MS || record.lastUsedFrom !== client.from) {
        await store.tokens.touch(record.id, new Date(now()), client.from);
      }
      return principalOf(user, client, { tokenId: record.id }, record.scope);
    },
    /** A live connection was used: its session is not idle. Never brings an ended one back. */
    async touchSession(sessionId: string): Promise<void> {
      const session = await store.sessions.get(sessionId);
      if (!session || !alive(session) || now() - session.lastSeenAt.getTime() < TOUCH_MS) return;
      await store.sessions.touch(sessionId, new Date(now()), idleEnd(session.createdAt.getTime()));
    },
    /** Whether a principal resolved earlier still holds: for connections that live longer than a request. Role and scope as they are now. */
    async recheck(principal: Principal): Promise<Principal | null> {
      const { sessionId, tokenId, userId, actor } = principal;
      if (userId === undefined) return principal;
      const user = await store.user(userId);
      if (!user) return null;
      const client = { from: actor.from, userAgent: '' };
      if (sessionId !== undefined) {
        const session = await store.sessions.get(sessionId);
        return session && alive(session) ? principalOf(user, client, { sessionId }, 'full') : null;
      }
      const token = tokenId === undefined ? null : await store.tokens.get(tokenId);
      return token && token.expiresAt.getTime() > now()
        ? principalOf(user, client, { tokenId: token.id }, token.scope)
        : null;
    },
    /** New password, new session; every other session and all tokens of the user end (D3). */
    async changePassword(
      principal: Principal,
      request: { current: string; next: string },
      client: Client,
    ): Promise<SignedIn> {
      const { name: username, id: userId } = principal.actor;
      backoff.check(username, client.from);
      const found = await accounts.findByUsername(username);
      const right = found?.passwordHash ? await passwords.verify(request.current, found.passwordHash) : false;
      if (!found || !right) {
        backoff.failed(username, client.from);
        throw new EngineError('forbidden', 'The current password is wrong.');
      }
      checkPasswordRules(request.next, username);
      await accounts.setPasswordHash(userId, await passwords.hash(request.next));
      await endAll(userId, 'the password was changed');
      return openSession(found.user, client);
    },
    endAll,
    async createToken(
      userId: string,
      request: { name: string; scope: 'full' | 'read'; days: number },
    ): Promise<{ token: TokenRecord; secret: string }> {
      if ((await store.tokens.list(userId)).length >= MAX_TOKENS) {
        throw new EngineError('conflict', `There are ${MAX_TOKENS} tokens already; revoke one first.`);
      }
      const secret = newToken();
      const token: TokenRecord = {
        id: randomUUID(),
        userId,
        name: request.name,
        prefix: secret.slice(0, 12),
        hash: hashSecret(secret),
        scope: request.scope,
        createdAt: new Date(now()),
        expiresAt: new Date(now() + request.days * 86_400_000),
        lastUsedAt: null,
        lastUsedFrom: null,
      };
      auditScope.object('token', token.id, token.name);
      await store.tokens.insert(token);
      return { token, secret };
    },
    tokens: (userId: string): Promise<TokenRecord[]> => store.tokens.list(userId),
    async revokeToken(userId: string, tokenId: string): Promise<TokenRecord> {
      const token = await store.tokens.get(tokenId);
      if (!token || token.userId !== userId) throw new EngineError('not_found', `No such token: ${tokenId}`);
      await store.tokens.delete([tokenId]);
      ended({ userId, tokenId, reason: 'the token was revoked' });
      return token;
    },
    preferences: store.preferences,
    /** Told when a session or token ends before its time. Returns the unsubscribe. */
    onSessionEnd(listener: (end: SessionEnd) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Removes rows of sessions that ended; called now and then. */
    sweep: () => store.sessions.deleteExpired(new Date(now())),
  };
}
