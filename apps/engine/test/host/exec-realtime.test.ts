import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LiveAct } from '#api/realtime/ports.ts';
import { createRealtime, type Realtime } from '#api/realtime/server.ts';
import {
  type ClientToServer,
  LIVE_LIMITS,
  type LiveEvent,
  type LogLine,
  type ServerToClient,
  type StatsSample,
} from '#contract/realtime.ts';
import { SOCKET_PRINCIPAL } from '#core/access/principal.ts';
import { EngineError } from '#core/errors.ts';
import { openStreams, type Streams } from './streams-fixture.ts';

type Client = Socket<ServerToClient, ClientToServer>;

let streams: Streams;
let web: Server;
let realtime: Realtime;
let client: Client;
const clients: Client[] = [];
const acts: LiveAct[] = [];
const endings = new Map<string, (reason: string) => void>();
const denied = new Set<string>();

beforeAll(async () => {
  streams = await openStreams();
  realtime = createRealtime({
    async authorise(request) {
      const user = request.headers.authorization;
      if (!user) throw new EngineError('unauthenticated', 'sign in first');
      return {
        userId: user,
        sessionId: user,
        may: (permission) => !denied.has(permission),
        alive: () => true,
        onEnd(listener) {
          endings.set(user, listener);
          return () => endings.delete(user);
        },
      };
    },
    docker: (host) => streams.engine.hosts.docker(host, SOCKET_PRINCIPAL),
    async audit(_client, act) {
      acts.push(act);
    },
    sample: (host) => (host === 'local' ? streams.engine.usage.sample() : null),
    killExec: (_host, id) => streams.engine.execs.kill(id),
    log: { warn: () => undefined, error: (fields) => streams.engine.errors.push(fields) },
  });
  web = createServer();
  web.on('upgrade', realtime.handleUpgrade);
  await once(web.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  await realtime?.close();
  web?.close();
  await streams?.[Symbol.asyncDispose]();
});

const open = (user: string): Client => {
  const socket: Client = io(`http://127.0.0.1:${(web.address() as AddressInfo).port}`, {
    path: '/live',
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: user === '' ? {} : { authorization: user },
  });
  clients.push(socket);
  return socket;
};
beforeEach(async () => {
  acts.length = 0;
  client = open('ann');
  await once(client as never, 'connect');
});
afterEach(() => {
  denied.clear();
  for (const each of clients.splice(0)) each.disconnect();
});

const ask = <T>(socket: Client, name: keyof ClientToServer, request: unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    const emit = socket.emit.bind(socket) as (name: string, request: unknown, ack: unknown) => void;
    emit(name, request, (answer: { ok: boolean; value: T; error: { message: string } }) =>
      answer.ok ? resolve(answer.value) : reject(new Error(answer.error.message)),
    );
  });
const next = <E extends keyof ServerToClient>(socket: Client, name: E): Promise<Parameters<ServerToClient[E]>[0]> =>
  new Promise((resolve) => {
    socket.once(name as never, resolve as never);
  });

test('lets nobody in without a session', async () => {
  const stranger = open('');
  const [error] = (await once(stranger as never, 'connect_error')) as [Error];
  expect(error.message).toBe('sign in first');
});

test('checks shape, host and permission of every request', async () => {
  await expect(ask(client, 'events:subscribe', { host: 'nosuch' })).rejects.toThrow('No such host: nosuch');
  await expect(ask(client, 'events:subscribe', null)).rejects.toThrow();
  await expect(ask(client, 'terminal:shells', { host: 'local', container: '../x' })).rejects.toThrow('not a container');
  denied.add('containers:exec');
  await expect(ask(client, 'terminal:shells', { host: 'local', container: 'x' })).rejects.toThrow(
    'you may not do this',
  );
});

describe('logs', () => {
  const collect = async (socket: Client, request: object): Promise<LogLine[]> => {
    const lines: LogLine[] = [];
    socket.on('logs:chunk', ({ stream, seq, lines: part }) => {
      lines.push(...part);
      socket.emit('logs:ack', { stream, seq });
    });
    const end = next(socket, 'logs:end');
    await ask(socket, 'logs:open', { host: 'local', tail: 'all', follow: true, ...request });
    expect((await end).reason).toBe('end');
    return lines;
  };

  test('come as lines, streams apart, until the container ends', async () => {
    const container = await streams.up(['sh', '-c', 'printf "a\\nb"; echo e >&2; sleep 0.3; echo c; printf end']);
    const lines = await collect(client, { container: container.id });
    const text = (s: number) =>
      lines
        .filter((line) => line.s === s)
        .map(({ m, p }) => (p ? m : `${m}\n`))
        .join('');
    expect(text(1)).toBe('a\nbc\nend');
    expect(text(2)).toBe('e\n');
    expect(lines[0]?.t).toMatch(/\.\d{9}Z$/);
  });

  test('stop being read when the browser does not take them in: 200 MB cost no memory', async () => {
    const container = await streams.up(['sh', '-c', `yes ${'x'.repeat(999)} | head -n 200000`]);
    await container.wait();
    const chunks: number[] = [];
    let stream = '';
    client.on('logs:chunk', (chunk) => {
      stream = chunk.stream;
      chunks.push(chunk.seq);
    });
    await ask(client, 'logs:open', { host: 'local', container: container.id, tail: 'all', follow: false });
    await expect.poll(() => chunks.length).toBe(LIVE_LIMITS.logWindowChunks);
    const before = process.memoryUsage().rss;
    // A round trip on the same socket: whatever else had been sent would have come before its answer.
    await ask(client, 'events:unsubscribe', { host: 'local' });
    expect(chunks).toEqual([1, 2, 3, 4]);
    client.emit('logs:ack', { stream, seq: 2 });
    await expect.poll(() => chunks.at(-1)).toBe(6);
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
    client.emit('logs:close', { stream });
  });
});

describe('terminals', () => {
  const output = (socket: Client): { until(wanted: RegExp): Promise<void> } => {
    let seen = '';
    let check = (): void => undefined;
    socket.on('terminal:output', ({ terminal, data }) => {
      seen += Buffer.from(data as never).toString();
      socket.emit('terminal:ack', { terminal, bytes: data.byteLength ?? (data as never as Buffer).length });
      check();
    });
    return {
      until: (wanted) =>
        new Promise((resolve) => {
          check = () => wanted.test(seen) && resolve();
          check();
        }),
    };
  };

  test('offer only shells that exist, open the best, resize, exit with the code, and are in the audit', async () => {
    const container = await streams.up(['sleep', '1000']);
    const { shells } = await ask<{ shells: string[] }>(client, 'terminal:shells', {
      host: 'local',
      container: container.id,
    });
    expect(shells).toEqual(['/bin/sh']);
    const seen = output(client);
    const request = { host: 'local', container: container.id, columns: 90, rows: 30 };
    const { terminal, command } = await ask<{ terminal: string; command: string[] }>(client, 'terminal:open', request);
    expect(command).toEqual(['/bin/sh']);
    client.emit('terminal:input', { terminal, data: 'stty size; echo $TERM\n' });
    await seen.until(/30 90[\s\S]*xterm-256color/);
    client.emit('terminal:resize', { terminal, columns: 77, rows: 22 });
    await expect
      .poll(async () => {
        client.emit('terminal:input', { terminal, data: 'stty size\n' });
        return Promise.race([seen.until(/22 77/).then(() => true), new Promise((r) => setImmediate(r, false))]);
      })
      .toBe(true);
    const exit = next(client, 'terminal:exit');
    client.emit('terminal:input', { terminal, data: 'exit 9\n' });
    expect(await exit).toEqual({ terminal, exitCode: 9, reason: 'exit' });
    await expect.poll(() => acts.map(({ action }) => action)).toEqual(['terminal.open', 'terminal.close']);
    expect(acts[0]?.object.id).toBe(container.id);
  });

  test.each(['terminal:close', 'session', 'disconnect'])('end their process on %s', async (how) => {
    const container = await streams.up(['sleep', '1000']);
    const seen = output(client);
    const request = { host: 'local', container: container.id, command: ['sh'], columns: 80, rows: 24 };
    const { terminal } = await ask<{ terminal: string }>(client, 'terminal:open', request);
    // A child in a session of its own, deaf to hang-ups.
    client.emit('terminal:input', {
      terminal,
      data: 'trap "" HUP TERM; (trap "" HUP TERM; sleep 777) & echo ready$((1+1))\n',
    });
    await seen.until(/ready2/);
    const processes = async () => (await container.top({ ps_args: '-ef' })).Processes.length;
    expect(await processes()).toBe(3);
    if (how === 'terminal:close') client.emit('terminal:close', { terminal });
    if (how === 'session') {
      const ended = next(client, 'session:end');
      endings.get('ann')?.('signed out');
      expect((await ended).reason).toBe('signed out');
    }
    if (how === 'disconnect') client.disconnect();
    await expect.poll(processes, { timeout: 5000 }).toBe(1);
  });

  test('output waits for the browser', async () => {
    const container = await streams.up(['sleep', '1000']);
    let received = 0;
    client.on('terminal:output', ({ data }) => {
      received += (data as never as Buffer).byteLength;
    });
    const command = ['sh', '-c', 'yes 0123456789 | head -c 50000000'];
    const request = { host: 'local', container: container.id, command, columns: 80, rows: 24 };
    const { terminal } = await ask<{ terminal: string }>(client, 'terminal:open', request);
    await expect.poll(() => received, { timeout: 5000 }).toBeGreaterThanOrEqual(LIVE_LIMITS.terminalWindowBytes);
    await ask(client, 'events:unsubscribe', { host: 'local' });
    expect(received).toBeLessThan(2 * LIVE_LIMITS.terminalWindowBytes);
    client.emit('terminal:close', { terminal });
  });

  test('refuse what cannot be: no such container, too many', async () => {
    const request = { host: 'local', container: 'nosuch', columns: 80, rows: 24 };
    await expect(ask(client, 'terminal:open', request)).rejects.toThrow('No such container: nosuch');
    const container = await streams.up(['sleep', '1000']);
    const many = Array.from({ length: LIVE_LIMITS.terminalsPerUser + 1 }, () =>
      ask(client, 'terminal:open', { ...request, container: container.id, command: ['sh'] }).then(
        () => 'open',
        (error: Error) => error.message,
      ),
    );
    const results = await Promise.all(many);
    expect(results.filter((result) => result === 'open').length).toBe(LIVE_LIMITS.terminalsPerUser);
    expect(results.filter((result) => /at most 16/.test(result)).length).toBe(1);
  });
});

test('events and stats reach everybody who asked', async () => {
  const other = open('bob');
  await once(other as never, 'connect');
  await Promise.all([client, other].map((each) => ask(each, 'events:subscribe', { host: 'local' })));
  await Promise.all([client, other].map((each) => ask(each, 'stats:subscribe', { host: 'local' })));
  const started = [client, other].map(
    (each) =>
      new Promise<LiveEvent>((resolve) => {
        each.on('event', (event) => event.Action === 'start' && resolve(event));
      }),
  );
  const sampled = [client, other].map(
    (each) =>
      new Promise<StatsSample>((resolve) => {
        each.on('stats', ({ samples }) => {
          const sample = samples.find(({ cpuPercent }) => cpuPercent > 20);
          if (sample) resolve(sample);
        });
      }),
  );
  const container = await streams.up(['sh', '-c', 'while :; do :; done']);
  for (const event of await Promise.all(started)) {
    expect(event).toMatchObject({ host: 'local', Type: 'container', Actor: { ID: container.id } });
  }
  for (const sample of await Promise.all(sampled)) expect(sample.memoryUsage).toBeGreaterThan(0);
  await container.kill();
});
