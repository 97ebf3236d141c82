import type { AccessStore, SessionRecord, TokenRecord, UserRecord } from '#core/access/ports.ts';
import type { Database } from './database.ts';

export function createAccessStore(database: Database): AccessStore {
  const { user, session, apiToken, preference, setting } = database.prisma;
  return {
    countUsers: () => user.count(),
    async user(id) {
      const row = await user.findUnique({ where: { id } });
      return row ? toUser(row) : null;
    },
    sessions: {
      get: async (id) => (await session.findUnique({ where: { id }, omit: { token: true } })) as SessionRecord | null,
      list: async (userId) =>
        (await session.findMany({
          where: { userId },
          omit: { token: true },
          orderBy: { lastSeenAt: 'desc' },
        })) as SessionRecord[],
      touch: (id, lastSeenAt, expiresAt) =>
        database.exclusive(async () => {
          // updateMany: a session that was revoked meanwhile must not be an error.
          await session.updateMany({ where: { id }, data: { lastSeenAt, expiresAt } });
        }),
      delete: (ids) => database.write(() => [session.deleteMany({ where: { id: { in: [...ids] } } })]),
      deleteExpired: (before) =>
        database.exclusive(async () => {
          await session.deleteMany({ where: { expiresAt: { lt: before } } });
        }),
    },
    tokens: {
      insert: (token) => database.write(() => [apiToken.create({ data: token })]),
      get: async (id) => (await apiToken.findUnique({ where: { id } })) as TokenRecord | null,
      findByHash: async (hash) => (await apiToken.findUnique({ where: { hash } })) as TokenRecord | null,
      list: async (userId) =>
        (await apiToken.findMany({ where: { userId }, orderBy: { createdAt: 'desc' } })) as TokenRecord[],
      touch: (id, lastUsedAt, lastUsedFrom) =>
        database.exclusive(async () => {
          await apiToken.updateMany({ where: { id }, data: { lastUsedAt, lastUsedFrom } });
        }),
      delete: (ids) => database.write(() => [apiToken.deleteMany({ where: { id: { in: [...ids] } } })]),
    },
    preferences: {
      get: async (userId, key) =>
        (await preference.findUnique({ where: { userId_key: { userId, key } } }))?.value ?? null,
      put: (userId, key, value) =>
        database.write(() => [
          preference.upsert({
            where: { userId_key: { userId, key } },
            create: { userId, key, value },
            update: { value },
          }),
        ]),
      count: (userId) => preference.count({ where: { userId } }),
    },
    settings: {
      get: async (key) => (await setting.findUnique({ where: { key } }))?.value ?? null,
      put: (key, value) =>
        database.write(() => [setting.upsert({ where: { key }, create: { key, value }, update: { value } })]),
    },
  };
}

function toUser(row: {
  id: string;
  name: string;
  displayUsername: string | null;
  role: string;
  disabled: boolean;
}): UserRecord {
  return { id: row.id, username: row.displayUsername ?? row.name, role: row.role, disabled: row.disabled };
}
