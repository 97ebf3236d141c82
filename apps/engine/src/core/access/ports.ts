/** Users, sessions and tokens as they are kept. Secrets are never here: only their SHA-256. */
export type UserRecord = { id: string; username: string; role: string; disabled: boolean };

export type SessionRecord = {
  id: string;
  userId: string;
  createdAt: Date;
  lastSeenAt: Date;
  /** Idle end; moves with use, never beyond the absolute end. */
  expiresAt: Date;
  ipAddress: string | null;
  userAgent: string | null;
};

export type TokenRecord = {
  id: string;
  userId: string;
  name: string;
  prefix: string;
  hash: string;
  scope: 'full' | 'read';
  createdAt: Date;
  expiresAt: Date;
  lastUsedAt: Date | null;
  lastUsedFrom: string | null;
};

/** What better-auth does not do for us. Every change is one durable transaction with its audit row. */
export interface AccessStore {
  countUsers(): Promise<number>;
  user(id: string): Promise<UserRecord | null>;
  sessions: {
    get(id: string): Promise<SessionRecord | null>;
    list(userId: string): Promise<SessionRecord[]>;
    touch(id: string, lastSeenAt: Date, expiresAt: Date): Promise<void>;
    delete(ids: readonly string[]): Promise<void>;
    /** Removes what ended before `before`. */
    deleteExpired(before: Date): Promise<void>;
  };
  tokens: {
    insert(token: TokenRecord): Promise<void>;
    get(id: string): Promise<TokenRecord | null>;
    findByHash(hash: string): Promise<TokenRecord | null>;
    list(userId: string): Promise<TokenRecord[]>;
    touch(id: string, at: Date, from: string): Promise<void>;
    delete(ids: readonly string[]): Promise<void>;
  };
  preferences: {
    get(userId: string, key: string): Promise<string | null>;
    put(userId: string, key: string, value: string): Promise<void>;
    count(userId: string): Promise<number>;
  };
  settings: {
    get(key: string): Promise<string | null>;
    put(key: string, value: string): Promise<void>;
  };
}

/**
 * Users, credentials and sessions by better-auth. It is given the hash where
 * it thinks it holds the session's token, and none of its HTTP endpoints is
 * served: the cookie is ours.
 */
export interface Accounts {
  create(user: { username: string; passwordHash: string; role: string }): Promise<UserRecord>;
  findByUsername(username: string): Promise<{ user: UserRecord; passwordHash: string | null } | null>;
  setPasswordHash(userId: string, hash: string): Promise<void>;
  createSession(session: {
    userId: string;
    tokenHash: string;
    from: string;
    userAgent: string;
    createdAt: Date;
    expiresAt: Date;
  }): Promise<SessionRecord>;
  findSession(tokenHash: string): Promise<{ session: SessionRecord; user: UserRecord } | null>;
}
