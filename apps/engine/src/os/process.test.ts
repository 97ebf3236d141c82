import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { run, runOk, start, tidyStderr } from '#os/process.ts';

describe('run', () => {
  test('gives the exit code and both streams', async () => {
    const result = await run('sh', ['-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n', truncated: false });
  });

  test('passes arguments as they are, without a shell', async () => {
    expect(await runOk('printf', ['%s', '$(id); `id` "x"'])).toBe('$(id); `id` "x"');
  });

  test('feeds input', async () => {
    expect(await runOk('cat', [], { input: 'hello' })).toBe('hello');
  });

  test('a program that does not read its input is not an error', async () => {
    expect((await run('true', [], { input: 'x'.repeat(1_000_000) })).code).toBe(0);
  });

  test('the mask is the usual one, whatever the engine’s', async () => {
    const own = process.umask(0o077);
    try {
      expect((await run('/bin/sh', ['-c', 'umask'])).stdout).toBe('0022\n');
      expect(process.umask()).toBe(0o077);
    } finally {
      process.umask(own);
    }
  });

  test('the environment is small and fixed', async () => {
    process.env.GANTRY_TEST_SECRET = 'canary';
    try {
      const names = (await runOk('env', [], { env: { EXTRA: '1' } }))
        .trim()
        .split('\n')
        .map((line) => line.split('=')[0])
        .sort();
      expect(names).toEqual(['EXTRA', 'LC_ALL', 'PATH']);
    } finally {
      delete process.env.GANTRY_TEST_SECRET;
    }
  });

  test('output beyond the bound is dropped and said', async () => {
    const result = await run('head', ['-c', '1000000', '/dev/zero'], { maxOutput: 10 });
    expect(result.stdout.length).toBe(10);
    expect(result.truncated).toBe(true);
    await expect(runOk('head', ['-c', '100', '/dev/zero'], { maxOutput: 10 })).rejects.toMatchObject({
      code: 'internal',
    });
  });

  test('a missing program names its package', async () => {
    await expect(run('/nonexistent/nft', [])).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the program "nft" is missing on this host: install the package "nftables"',
    });
  });

  test('a time-out kills the program and what it started', async () => {
    const begun = Date.now();
    await expect(run('sh', ['-c', 'sleep 60; true'], { timeout: 50 })).rejects.toMatchObject({ code: 'internal' });
    expect(Date.now() - begun).toBeLessThan(5000);
  });

  test('an abort kills it', async () => {
    const abort = new AbortController();
    const running = run('sleep', ['60'], { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    await expect(run('true', [], { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('a signal is 128 and its number', async () => {
    expect((await run('sh', ['-c', 'kill -9 $$'])).code).toBe(137);
  });

  test('runOk bounds and cleans stderr', async () => {
    await expect(runOk('sh', ['-c', 'printf "bad\\033[31m thing" >&2; exit 1'])).rejects.toMatchObject({
      code: 'internal',
      message: 'sh: bad[31m thing',
    });
    expect(tidyStderr('x'.repeat(10_000)).length).toBeLessThan(3000);
  });
});

describe('start', () => {
  test('extra descriptors are pipes', async () => {
    const child = await start('sh', ['-c', 'echo three >&3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    let text = '';
    (child.fds[3] as NodeJS.ReadableStream).on('data', (chunk) => {
      text += chunk;
    });
    await child.closed;
    expect(text).toBe('three\n');
  });

  test('a file the engine has open is not open in the child', async () => {
    const fd = openSync('/etc/hostname', 'r');
    try {
      expect(await runOk('ls', ['-l', '/proc/self/fd'])).not.toContain('/etc/hostname');
    } finally {
      closeSync(fd);
    }
  });

  test('a missing program rejects', async () => {
    await expect(start('/nonexistent/conmon', [])).rejects.toMatchObject({ code: 'unavailable' });
  });
});
