import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStreams, type Streams } from './streams-fixture.ts';

const run = promisify(execFile);
let streams: Streams;
const docker = (...args: string[]) =>
  run('docker', ['-H', `unix://${streams.socket}`, ...args], { maxBuffer: 1 << 26, encoding: 'latin1' });

beforeAll(async () => {
  streams = await openStreams();
});
afterAll(async () => {
  await streams?.[Symbol.asyncDispose]();
});

const ended = async (command: string, options = {}): Promise<string> => {
  const container = await streams.up(['sh', '-c', command], options);
  await container.wait();
  return container.id;
};

describe('docker logs', () => {
  test('gives every byte, streams apart, without a newline that was not written', async () => {
    const id = await ended('printf abc; echo bad >&2; printf "def\\nend"');
    const { stdout, stderr } = await docker('logs', id);
    expect([stdout, stderr]).toEqual(['abcdef\nend', 'bad\n']);
  });

  test('keeps a long line whole and 50,000 lines complete', async () => {
    const long = await ended('head -c 100000 /dev/zero');
    expect((await docker('logs', long)).stdout).toBe('\0'.repeat(100_000));
    const many = await ended('seq 50000');
    expect((await docker('logs', many)).stdout.split('\n').length).toBe(50_001);
    expect((await docker('logs', '--tail', '2', many)).stdout).toBe('49999\n50000\n');
    expect((await docker('logs', '--tail', '0', many)).stdout).toBe('');
  });

  test('shows times with nine digits, since and until', async () => {
    const id = await ended('echo one; sleep 0.05; echo two; sleep 0.05; echo three');
    const lines = (await docker('logs', '-t', id)).stdout.trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9}Z (one|two|three)$/);
    const second = (lines[1] as string).split(' ')[0] as string;
    expect((await docker('logs', '--since', second, id)).stdout).toBe('two\nthree\n');
    expect((await docker('logs', '--until', second, id)).stdout).toBe('one\ntwo\n');
    expect((await docker('logs', '--details', id)).stdout).toBe(' one\n two\n three\n');
  });

  test('follows and ends with the container, and goes on after a restart', async () => {
    const container = await streams.up(['sh', '-c', 'echo a; sleep 0.3; echo b']);
    expect((await docker('logs', '-f', container.id)).stdout).toBe('a\nb\n');
    await container.start();
    await container.wait();
    expect((await docker('logs', container.id)).stdout).toBe('a\nb\na\nb\n');
  });

  test('reads a terminal raw', async () => {
    const id = await ended('echo tt', { Tty: true });
    expect((await docker('logs', id)).stdout).toBe('tt\r\n');
  });

  test('refuses when there is no log, no container, no stream', async () => {
    const id = await ended('echo x', { HostConfig: { NetworkMode: 'host', LogConfig: { Type: 'none', Config: {} } } });
    await expect(docker('logs', id)).rejects.toThrow('configured logging driver does not support reading');
    await expect(docker('logs', 'nosuch')).rejects.toThrow(/No such container: nosuch/);
    const answer = await run('curl', ['-s', '--unix-socket', streams.socket, `http://x/containers/${id}/logs`]);
    expect(JSON.parse(answer.stdout)).toEqual({ message: 'Bad parameters: you must choose at least one stream' });
  });

  test('rotates by max-size and max-file while a follower loses nothing it was fast enough for', async () => {
    const LogConfig = { Type: 'json-file', Config: { 'max-size': '100k', 'max-file': '3' } };
    const container = await streams.up(
      [
        'sh',
        '-c',
        `i=0; while [ $i -lt 60 ]; do yes ${'x'.repeat(99)} | head -n 100; sleep 0.02; i=$((i+1)); done; echo end`,
      ],
      { HostConfig: { NetworkMode: 'host', LogConfig } },
    );
    const followed = await docker('logs', '-f', container.id);
    expect(followed.stdout.endsWith('end\n')).toBe(true);
    expect(followed.stdout.split('\n').length - 1).toBe(6001);
    const files = readdirSync(join(streams.base, 'containers', container.id)).filter((name) => /log/.test(name));
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(3);
    expect((await docker('logs', '--tail', '1', container.id)).stdout).toBe('end\n');
  });
});

describe('a follower that does not read', () => {
  test('does not hold the container and costs no memory', async () => {
    const container = await streams.up(['sh', '-c', 'yes 0123456789 | head -c 50000000; echo done >&2']);
    const stream = (await container.logs({ follow: true, stdout: true, stderr: true })) as NodeJS.ReadableStream;
    stream.pause();
    const before = process.memoryUsage().rss;
    await container.wait();
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    let size = 0;
    for await (const chunk of stream) size += (chunk as Buffer).length;
    expect(size).toBeGreaterThan(50_000_000);
  });
});
