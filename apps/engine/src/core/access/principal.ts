import type { Actor } from '#core/audit/scope.ts';

export type Role = 'admin' | 'operator' | 'developer' | 'viewer';
export const ROLES: readonly Role[] = ['admin', 'operator', 'developer', 'viewer'];
export const isRole = (value: string): value is Role => (ROLES as readonly string[]).includes(value);

/**
 * Who a request is from, after the door, the cookie or the token was
 * checked. What they may do is decided by api/gateway from `role` and `scope`.
 */
export type Principal = {
  readonly actor: Actor;
  readonly role: Role;
  /** `read`: a token that may only look. */
  readonly scope: 'full' | 'read';
  readonly userId?: string;
  /** Present only when a browser session is behind it. */
  readonly sessionId?: string;
  readonly tokenId?: string;
};

/** Whoever may open the local socket: file permissions have decided. */
export const SOCKET_PRINCIPAL: Principal = {
  actor: { kind: 'socket', id: 'socket', name: 'local socket', from: 'unix' },
  role: 'admin',
  scope: 'full',
};

/** The engine's own work over the Docker API. */
export const ENGINE_PRINCIPAL: Principal = {
  actor: { kind: 'engine', id: 'engine', name: 'engine', from: 'memory' },
  role: 'admin',
  scope: 'full',
};
