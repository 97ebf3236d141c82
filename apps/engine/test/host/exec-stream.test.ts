import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStreams, type Streams } from './streams-fixture.ts';

const run = promisify(execFile);
let streams: Streams;
let container: Docker.Container;
const docker = (...args: string[]) =>
  run('docker', ['-H', `unix://${streams.socket}`, ...args], { maxBuffer: 1 << 26 });

beforeAll(async () => {
  streams = await openStreams();
  container = await streams.up(['sleep', '1000'], { name: 'box', WorkingDir: '/tmp' });
});
afterAll(async () => {
  await streams?.[Symbol.asyncDispose]();
});

/** Runs the CLI with this input; gives what it printed and its exit code. */
async function piped(input: Buffer | string, ...args: string[]): Promise<{ code: number; out: string }> {
  const child = spawn('docker', ['-H', `unix://${streams.socket}`, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number];
  return { code, out: Buffer.concat(chunks).toString() };
}

describe('docker exec', () => {
  test('keeps the streams apart and gives the exit code', async () => {
    const { stdout, stderr } = await docker('exec', 'box', 'sh', '-c', 'echo o; echo e >&2');
    expect([stdout, stderr]).toEqual(['o\n', 'e\n']);
    await expect(docker('exec', 'box', 'sh', '-c', 'exit 6')).rejects.toMatchObject({ code: 6 });
  });

  test('has the environment, user and directory asked for', async () => {
    expect((await docker('exec', '-e', 'A=x', 'box', 'sh', '-c', 'echo $A $BASE')).stdout).toBe('x b\n');
    expect((await docker('exec', '-u', 'www-data', 'box', 'id', '-u')).stdout).toBe('33\n');
    expect((await docker('exec', '-w', '/var', 'box', 'pwd')).stdout).toBe('/var\n');
    expect((await docker('exec', 'box', 'pwd')).stdout).toBe('/tmp\n');
  });

  test('takes input to its end, 4 MB unharmed', async () => {
    expect((await piped('in\n', 'exec', '-i', 'box', 'cat')).out).toBe('in\n');
    const { out } = await piped(Buffer.alloc(4 << 20), 'exec', '-i', 'box', 'wc', '-c');
    expect(out.trim()).toBe(String(4 << 20));
  });

  test('tells what cannot run: 127, in the stream', async () => {
    const failed = await docker('exec', 'box', 'nosuchcommand').catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed).toMatchObject({ code: 127 });
  });

  test('runs detached, many at once, and is inspected', async () => {
    await docker('exec', '-d', 'box', 'sh', '-c', 'echo det > /tmp/det');
    const all = await Promise.all(Array.from({ length: 10 }, () => docker('exec', 'box', 'echo', 'x')));
    expect(all.map(({ stdout }) => stdout)).toEqual(Array(10).fill('x\n'));
    const exec = await container.exec({ Cmd: ['sh', '-c', 'exit 3'], AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    stream.resume();
    await once(stream, 'end');
    expect(await exec.inspect()).toMatchObject({ ExitCode: 3, Running: false, Pid: 0, ContainerID: container.id });
    await expect(exec.start({})).rejects.toMatchObject({ statusCode: 409 });
  });

  test('has a terminal that is resized and echoes fast', async () => {
    const exec = await container.exec({ Cmd: ['sh'], Tty: true, AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
    let seen = '';
    let check = (): void => undefined;
    stream.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      check();
    });
    const until = (wanted: RegExp) =>
      new Promise<void>((resolve) => {
        check = () => wanted.test(seen) && resolve();
        check();
      });
    await exec.resize({ h: 33, w: 77 });
    stream.write('stty size; tty\n');
    await until(/33 77[\s\S]*\/dev\/pts\//);
    stream.write('exit 8\n');
    await once(stream, 'close');
    expect((await exec.inspect()).ExitCode).toBe(8);
  });

  test('refuses stopped and paused containers, unknown execs and empty commands', async () => {
    const stopped = await streams.docker.createContainer({ Image: 'box', HostConfig: { NetworkMode: 'host' } });
    await expect(stopped.exec({ Cmd: ['true'] })).rejects.toMatchObject({ statusCode: 409 });
    await expect(container.exec({ Cmd: [] })).rejects.toMatchObject({ statusCode: 400 });
    await expect(streams.docker.getExec('f'.repeat(64)).inspect()).rejects.toMatchObject({ statusCode: 404 });
    await expect(streams.docker.getExec('__proto__').inspect()).rejects.toMatchObject({ statusCode: 404 });
    await container.pause();
    await expect(container.exec({ Cmd: ['true'] })).rejects.toThrow(/paused/);
    await container.unpause();
  });

  test('a client that vanishes leaves the process running and its output drained', async () => {
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'yes | head -c 3000000; echo > /tmp/vanished'],
      AttachStdout: true,
    });
    const body = JSON.stringify({ Detach: false });
    const socket = connect(streams.socket);
    socket.write(
      `POST /exec/${exec.id}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: Upgrade\r\n` +
        `Upgrade: tcp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await once(socket, 'data');
    socket.destroy();
    await expect.poll(async () => (await exec.inspect()).Running, { timeout: 10_000 }).toBe(false);
    expect((await exec.inspect()).ExitCode).toBe(0);
  });
});

describe('stats, top and events', () => {
  test('stats answer at once and have what the CLI prints', async () => {
    const began = performance.now();
    const stats = await container.stats({ stream: false });
    expect(performance.now() - began).toBeLessThan(1000);
    expect(stats.memory_stats.usage).toBeGreaterThan(0);
    expect(stats.precpu_stats.system_cpu_usage).toBeGreaterThan(0);
    const { stdout } = await docker('stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}} {{.MemUsage}}', 'box');
    expect(stdout).toMatch(/^box [0-9.]+% [0-9.]+.iB \/ /);
    expect((await docker('stats', '--no-stream', '-a')).stdout).toMatch(/CONTAINER ID.*PIDS/);
  });

  test('top lists the processes', async () => {
    expect((await docker('top', 'box')).stdout).toMatch(/PID.*CMD[\s\S]*sleep 1000/);
    expect((await docker('top', 'box', '-o', 'pid,comm')).stdout).toMatch(/PID +COMMAND/);
  });

  test('events tell the life of a container and of an exec', async () => {
    const since = String(Date.now() / 1000);
    const short = await streams.up(['true'], { name: 'short' });
    await short.wait();
    await docker('exec', 'box', 'true');
    await expect.poll(() => streams.engine.stored.some(({ action }) => action === 'exec_die')).toBe(true);
    const until = String(Date.now() / 1000);
    const range = ['events', '--since', since, '--until', until, '--format', '{{.Action}}'];
    const life = await docker(...range, '--filter', 'container=short');
    expect(life.stdout.split('\n').filter(Boolean)).toEqual(['create', 'start', 'die']);
    const execs = await docker(...range, '--filter', 'container=box');
    expect(execs.stdout).toBe('exec_create: true \nexec_start: true \nexec_die\n');
    await expect(docker('events', '--filter', 'nosuch=1')).rejects.toThrow(/invalid filter 'nosuch'/);
  });

  test('info and version', async () => {
    expect((await docker('version')).stdout).toMatch(/Server:[\s\S]*Engine/);
    expect((await docker('info')).stdout).toMatch(/Storage Driver: [\s\S]*Docker Root Dir: /);
    expect((await docker('system', 'df')).stdout).toMatch(
      /Images[\s\S]*Containers[\s\S]*Local Volumes[\s\S]*Build Cache/,
    );
  });
});
