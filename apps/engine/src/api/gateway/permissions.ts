import type { Permission } from '#api/http/route.ts';
import type { Principal, Role } from '#core/access/principal.ts';

const VIEW: readonly Permission[] = [
  'public',
  'account:self',
  'system:read',
  'events:read',
  'containers:read',
  'logs:read',
  'images:read',
  'volumes:read',
  'networks:read',
  'distribution:read',
];
/** Runs what is there. */
const DEVELOP: readonly Permission[] = [...VIEW, 'containers:control', 'images:write', 'system:auth'];
/**
 * Keeps a host in order. Creating, exec, attach, copy and build are root on
 * the host as long as no policy looks at their options: the administrator's.
 */
const OPERATE: readonly Permission[] = [
  ...DEVELOP,
  'containers:remove',
  'images:remove',
  'volumes:write',
  'volumes:remove',
  'networks:write',
  'networks:remove',
  'settings:read',
];
const ALL: readonly Permission[] = [
  ...OPERATE,
  'containers:create',
  'containers:exec',
  'containers:attach',
  'containers:copy',
  'build:run',
  'audit:read',
];

/** What each role may. The only such table; a test writes it out against every route. */
export const ROLE_PERMISSIONS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set(ALL),
  operator: new Set(OPERATE),
  developer: new Set(DEVELOP),
  viewer: new Set(VIEW),
};

/** What a token with the scope `read` may at most. Looking at logs is reading; attaching and exec are not. */
export const READ_SCOPE: ReadonlySet<Permission> = new Set<Permission>([
  'public',
  'system:read',
  'events:read',
  'containers:read',
  'logs:read',
  'images:read',
  'volumes:read',
  'networks:read',
  'distribution:read',
  'settings:read',
  'audit:read',
]);

export function may(principal: Principal, permission: Permission): boolean {
  if (principal.scope === 'read' && !READ_SCOPE.has(permission)) return false;
  // A token acts on hosts; accounts, sessions and tokens are changed by a person who signed in (D16).
  if (permission === 'account:self' && principal.sessionId === undefined) return false;
  return ROLE_PERMISSIONS[principal.role].has(permission);
}
