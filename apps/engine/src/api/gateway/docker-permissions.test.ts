import { expect, test } from 'vitest';
import { ROLES } from '#core/access/principal.ts';
import { dockerRoutes } from '../../docker-routes.ts';
import { READ_SCOPE, ROLE_PERMISSIONS } from './permissions.ts';

/** Answers every property with itself: enough to build the tables, whose handlers are not called here. */
const anything: never = new Proxy(() => anything, {
  get: (_target, name) =>
    name === Symbol.iterator ? [][Symbol.iterator].bind([]) : name === Symbol.toPrimitive ? () => '' : anything,
}) as never;

const routes = dockerRoutes(anything, anything);
const READS = new Set(['GET', 'HEAD']);

test('routes of the Docker API by role are what the table in the repository says', async () => {
  const lines = routes.map(({ method, path, permission, audit }) => {
    const who: string[] = ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission));
    if (READ_SCOPE.has(permission)) who.push('read token');
    return `${method} ${path} [${permission}${audit ? `, ${audit}` : ''}]: ${who.join(', ')}`;
  });
  await expect(`${lines.sort().join('\n')}\n`).toMatchFileSnapshot('../../../test/golden/docker-permissions.txt');
});

test('what changes something is audited and needs more than reading', () => {
  // They change nothing that lasts: waiting, resizing a terminal, checking a password against a registry, asking BuildKit for a session.
  const harmless = /\/(wait|resize|auth|session|grpc)$/;
  // They answer 501: nothing to record until they do something.
  const later = /^\/(swarm|nodes|services|tasks|secrets|configs|plugins|build|commit)(\/|$)|\/archive$/;
  const changes = routes.filter(({ method, path }) => !READS.has(method) && !harmless.test(path) && !later.test(path));
  expect(changes.length).toBeGreaterThan(25);
  expect(changes.filter(({ audit }) => audit === undefined).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  expect(
    changes.filter(({ permission }) => READ_SCOPE.has(permission)).map(({ method, path }) => `${method} ${path}`),
  ).toEqual([]);
});

test('nothing of the Docker API is open to strangers, and what opens a container is the administrator’s alone', () => {
  expect(routes.filter(({ permission }) => permission === 'public').map(({ path }) => path)).toEqual([]);
  for (const permission of [
    'containers:create',
    'containers:exec',
    'containers:attach',
    'containers:copy',
    'build:run',
  ] as const) {
    expect(ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission))).toEqual(['admin']);
  }
});
