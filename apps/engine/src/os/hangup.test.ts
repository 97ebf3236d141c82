import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isHungUp } from './hangup.ts';

let directory: string;
const server = createServer({ allowHalfOpen: true });
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-hangup-'));
  await once(server.listen(join(directory, 's')), 'listening');
});
afterAll(async () => {
  server.close();
  await rm(directory, { recursive: true });
});
const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

test('tells a client that is gone from one that has only ended its input', async () => {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect({ path: join(directory, 's'), allowHalfOpen: true });
  const [peer] = await accepted;
  peer.resume();
  expect(isHungUp(fdOf(peer))).toBe(false);
  client.end();
  await once(peer, 'end');
  expect(isHungUp(fdOf(peer))).toBe(false);
  client.destroy();
  await once(client, 'close');
  expect(isHungUp(fdOf(peer))).toBe(true);
  peer.destroy();
  expect(isHungUp(-1)).toBe(true);
});
