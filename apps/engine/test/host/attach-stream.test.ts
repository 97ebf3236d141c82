import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openStreams, type Streams } from './streams-fixture.ts';

const run = promisify(execFile);
let streams: Streams;
const docker = (...args: string[]) =>
  run('docker', ['-H', `unix://${streams.socket}`, ...args], { maxBuffer: 1 << 26 });

beforeAll(async () => {
  streams = await openStreams();
});
afterAll(async () => {
  await streams?.[Symbol.asyncDispose]();
});

async function piped(input: Buffer | string, ...args: string[]): Promise<{ code: number; out: string }> {
  const child = spawn('docker', ['-H', `unix://${streams.socket}`, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: Buffer.concat(chunks).toString() };
}
const box = ['--pull', 'never', '--network', 'host', 'box'];

describe('docker run', () => {
  test('shows the first byte and the last, and gives the exit code', async () => {
    const { stdout, stderr } = await docker('run', '--rm', ...box, 'sh', '-c', 'echo o; echo e >&2');
    expect([stdout, stderr]).toEqual(['o\n', 'e\n']);
    await expect(docker('run', '--rm', ...box, 'sh', '-c', 'exit 7')).rejects.toMatchObject({ code: 7 });
  });

  test('shows what a container without a log prints', async () => {
    expect((await docker('run', '--rm', '--log-driver', 'none', ...box, 'echo', 'x')).stdout).toBe('x\n');
  });

  test('-i takes input to its end', async () => {
    expect((await piped('a\nb\n', 'run', '-i', '--rm', ...box, 'cat')).out).toBe('a\nb\n');
    const { out } = await piped(Buffer.alloc(1 << 20), 'run', '-i', '--rm', ...box, 'wc', '-c');
    expect(out.trim()).toBe(String(1 << 20));
  });
});

describe('docker attach', () => {
  test('ends with the code, refuses a stopped one', async () => {
    const container = await streams.up(['sh', '-c', 'sleep 0.5; echo late; exit 5']);
    const result = await docker('attach', '--no-stdin', container.id).catch(
      (error: { code: number; stdout: string }) => error,
    );
    expect(result).toMatchObject({ code: 5, stdout: 'late\n' });
    await expect(docker('attach', container.id)).rejects.toThrow(/cannot attach to a stopped container/);
  });

  test('two see the same, piped input arrives', async () => {
    const container = await streams.up(['sh', '-c', 'read line; echo "got $line"; exit 3'], { OpenStdin: true });
    const watching = docker('attach', '--no-stdin', container.id).catch((error: { stdout: string }) => error);
    const { code, out } = await piped('hello\n', 'attach', container.id);
    expect([code, out]).toEqual([3, 'got hello\n']);
    expect((await watching).stdout).toBe('got hello\n');
  });

  test('detach keys leave a terminal running; the end of another client is no end of input', async () => {
    const container = await streams.up(['sh'], { OpenStdin: true, Tty: true });
    const attach = () =>
      container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true, detachKeys: 'ctrl-a,x' });
    const first = await attach();
    first.write('echo $((6*7))\n');
    let seen = '';
    await new Promise<void>((resolve) => {
      first.on('data', (chunk: Buffer) => {
        seen += chunk.toString();
        if (/\n42\r\n/.test(seen)) resolve();
      });
    });
    const closed = once(first, 'close');
    first.write('\u0001x');
    await closed;
    expect((await container.inspect()).State.Running).toBe(true);
    const second = await attach();
    second.resume();
    second.write('exit 4\n');
    expect((await container.wait()).StatusCode).toBe(4);
    const actions = streams.engine.stored.filter(({ actor }) => actor.id === container.id).map(({ action }) => action);
    expect(actions).toContain('detach');
  });

  test('a client that does not read does not hold the container', async () => {
    const container = await streams.docker.createContainer({
      Image: 'box',
      Cmd: ['sh', '-c', 'yes | head -c 20000000'],
      HostConfig: { NetworkMode: 'host' },
    });
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    (stream as unknown as { pause(): void }).pause();
    await container.start();
    expect((await container.wait()).StatusCode).toBe(0);
    let size = 0;
    for await (const chunk of stream) size += (chunk as Buffer).length;
    expect(size).toBeGreaterThanOrEqual(20_000_000);
  });

  test.each([true, false])('an idle client that vanishes costs nothing for long (tty: %s)', async (Tty) => {
    const container = await streams.up(['sleep', '1000'], { Tty, OpenStdin: true });
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const query = 'stream=1&stdin=1&stdout=1&stderr=1';
    const head = `POST /containers/${container.id}/attach?${query} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
    const clients = Array.from({ length: 20 }, () => connect(streams.socket));
    await Promise.all(
      clients.map(async (client) =>
        once(
          client.on('connect', () => client.write(head)),
          'data',
        ),
      ),
    );
    expect(open()).toBeGreaterThan(before + 30);
    for (const client of clients) client.destroy();
    await expect.poll(open, { timeout: 10_000, interval: 200 }).toBeLessThanOrEqual(before + 2);
    expect((await container.inspect()).State.Running).toBe(true);
  });

  test('a WebSocket carries input and bare output', async () => {
    const container = await streams.up(['sh', '-c', 'read line; echo "got $line"; echo e >&2'], { OpenStdin: true });
    const query = 'stream=1&stdin=1&stdout=1&stderr=1';
    const socket = new WebSocket(`ws+unix://${streams.socket}:/containers/${container.id}/attach/ws?${query}`);
    let seen = '';
    socket.on('message', (data: Buffer) => {
      seen += data.toString();
    });
    await once(socket, 'open');
    socket.send('hello\n');
    await once(socket, 'close');
    expect(seen).toBe('got hello\ne\n');
  });
});
