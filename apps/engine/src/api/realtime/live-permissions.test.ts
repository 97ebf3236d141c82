import { expect, test } from 'vitest';
import { ROLE_PERMISSIONS } from '#api/gateway/permissions.ts';
import type { Permission } from '#api/http/route.ts';
import { ROLES } from '#core/access/principal.ts';
import { type ConnectionDeps, createConnection } from './connection.ts';
import { REQUESTS } from './requests.ts';

/** A request of each kind that has the right shape. */
const id = 'x';
const EXAMPLES: Readonly<Record<keyof typeof REQUESTS, unknown>> = {
  'events:subscribe': { host: id },
  'events:unsubscribe': { host: id },
  'stats:subscribe': { host: id },
  'stats:unsubscribe': { host: id },
  'logs:open': { host: id, container: id, tail: 0, follow: false },
  'logs:ack': { stream: id, seq: 0 },
  'logs:close': { stream: id },
  'terminal:shells': { host: id, container: id },
  'terminal:open': { host: id, container: id, columns: 1, rows: 1 },
  'terminal:input': { terminal: id, data: '' },
  'terminal:ack': { terminal: id, bytes: 0 },
  'terminal:resize': { terminal: id, columns: 1, rows: 1 },
  'terminal:close': { terminal: id },
};

type Listener = (raw: unknown, ack: (answer: { ok: boolean; error?: { code: string } }) => void) => void;

/** A connection whose client may nothing: what it is asked for, and what it answers. */
function denying() {
  const listeners = new Map<string, Listener>();
  const asked: Permission[] = [];
  const socket = {
    on: (name: string, listener: Listener) => listeners.set(name, listener),
    disconnect: () => undefined,
  };
  const client = {
    may(permission: Permission) {
      asked.push(permission);
      return false;
    },
  };
  const nothing = {} as never;
  createConnection({
    deps: nothing,
    socket,
    client,
    fanout: nothing,
    sampler: nothing,
    statsOf: new Map(),
  } as unknown as ConnectionDeps);
  return { listeners, asked };
}

test('every live request by role is what the table in the repository says, and is refused to whoever may not', async () => {
  const { listeners, asked } = denying();
  expect([...listeners.keys()].sort()).toEqual(Object.keys(REQUESTS).sort());
  const lines = [...listeners].map(([name, listener]) => {
    asked.length = 0;
    let code: string | undefined;
    listener(EXAMPLES[name as keyof typeof REQUESTS], (answer) => {
      code = answer.error?.code;
    });
    expect([name, code, asked.length]).toEqual([name, 'forbidden', 1]);
    const [permission] = asked as [Permission];
    return `${name} [${permission}]: ${ROLES.filter((role) => ROLE_PERMISSIONS[role].has(permission)).join(', ')}`;
  });
  await expect(`${lines.sort().join('\n')}\n`).toMatchFileSnapshot('../../../test/golden/live-permissions.txt');
});

test('a request of the wrong shape is refused before anybody is asked', () => {
  const { listeners, asked } = denying();
  for (const [name, listener] of listeners) {
    for (const raw of [null, undefined, 'x', [], { host: { toString: 'x' } }, { container: '../x' }]) {
      let code: string | undefined;
      listener(raw, (answer) => {
        code = answer.error?.code;
      });
      expect([name, code]).toEqual([name, 'invalid_argument']);
    }
  }
  expect(asked).toEqual([]);
});
