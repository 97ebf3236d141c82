import { randomBytes, randomUUID } from 'node:crypto';
import { prismaAdapter } from 'better-auth/adapters/prisma';
import { betterAuth } from 'better-auth/minimal';
import type { Accounts, SessionRecord, UserRecord } from '#core/access/ports.ts';
import { EngineError } from '#core/errors.ts';
import type { Database } from './database.ts';

/** better-auth identifies people by e-mail; Gantry does not ask for one. `.invalid` never exists (RFC 2606). */
const emailOf = (username: string) => `${username.toLowerCase()}@users.gantry.invalid`;

export async function createAccounts(database: Database): Promise<Accounts> {
  const auth = betterAuth({
    appName: 'Gantry',
    // Neither is used: no endpoint is served and no cookie is signed by it. It demands both.
    baseURL: 'http://localhost',
    secret: randomBytes(32).toString('hex'),
    database: prismaAdapter(database.prisma, { provider: 'sqlite' }),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    logger: { disabled: true },
    user: {
      additionalFields: {
        username: { type: 'string', required: false, input: false },
        displayUsername: { type: 'string', required: false, input: false },
        role: { type: 'string', required: false, input: false },
        disabled: { type: 'boolean', required: false, input: false },
      },
    },
    session: { additionalFields: { lastSeenAt: { type: 'date', required: false, input: false } } },
    advanced: { database: { generateId: () => randomUUID() } },
  });
  const { internalAdapter } = await auth.$context;
  return {
    async create({ username, passwordHash, role }) {
      const user = await internalAdapter.createUser<Record<string, unknown>>(
        {
          email: emailOf(username),
          name: username,
          emailVerified: true,
          username: username.toLowerCase(),
          displayUsername: username,
          role,
          disabled: false,
        },
        { method: 'email-password' },
      );
      await internalAdapter.linkAccount({
        userId: user.id,
        providerId: 'credential',
        accountId: user.id,
        password: passwordHash,
      });
      return toUser(user);
    },
    async findByUsername(username) {
      const found = await internalAdapter.findUserByEmail(emailOf(username), { includeAccounts: true });
      if (!found) return null;
      const credential = found.accounts.find((account) => account.providerId === 'credential');
      return { user: toUser(found.user), passwordHash: credential?.password ?? null };
    },
    setPasswordHash: (userId, hash) => internalAdapter.updatePassword(userId, hash),
    async createSession({ userId, tokenHash, from, userAgent, createdAt, expiresAt }) {
      const override = { token: tokenHash, ipAddress: from, userAgent, expiresAt, createdAt, lastSeenAt: createdAt };
      const session = await internalAdapter.createSession(userId, false, override, true);
      if (!session) throw new EngineError('internal', 'the session could not be made');
      return toSession(session);
    },
    async findSession(tokenHash) {
      const found = await internalAdapter.findSession(tokenHash);
      return found ? { session: toSession(found.session), user: toUser(found.user) } : null;
    },
  };
}

function toUser(user: Record<string, unknown> & { id: string }): UserRecord {
  return {
    id: user.id,
    username: String(user.displayUsername ?? user.username ?? user.name ?? user.id),
    role: String(user.role ?? ''),
    // Anything but a clear no is taken for disabled.
    disabled: user.disabled !== false,
  };
}

function toSession(session: Record<string, unknown>): SessionRecord {
  return {
    id: String(session.id),
    userId: String(session.userId),
    createdAt: session.createdAt as Date,
    lastSeenAt: (session.lastSeenAt ?? session.createdAt) as Date,
    expiresAt: session.expiresAt as Date,
    ipAddress: (session.ipAddress as string | null | undefined) ?? null,
    userAgent: (session.userAgent as string | null | undefined) ?? null,
  };
}
