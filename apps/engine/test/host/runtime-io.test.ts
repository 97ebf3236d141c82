import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExecProcess, ExecRequest } from '#core/containers/ports.ts';
import { allProcesses, procCommandLine, procStat } from '#os/proc.ts';
import { logText, openStage, type Stage } from './runtime-fixture.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sh = (script: string): string[] => ['sh', '-c', script];

async function text(stream: Readable | null): Promise<string> {
  let all = '';
  if (stream) for await (const chunk of stream) all += (chunk as Buffer).toString('latin1');
  return all;
}

/** Waits until the stream has shown a text; gives what was shown. */
function shows(stream: Readable, wanted: string | RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const onData = (chunk: Buffer) => {
      all += chunk.toString('latin1');
      if (typeof wanted === 'string' ? !all.includes(wanted) : !wanted.test(all)) return;
      stream.off('data', onData);
      resolve(all);
    };
    stream.on('data', onData);
    stream.once('close', () => reject(new Error(`ended without ${wanted}: ${all}`)));
  });
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error('never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('input of the main process', () => {
  test('opened before the start, half-closed: all of it arrives, then end of file', async () => {
    const request = stage.request({ args: ['md5sum'], config: { OpenStdin: true, StdinOnce: true } });
    await stage.runtime.create(request);
    const stdin = await stage.runtime.openStdin(request.id);
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'x');
    stdin.end(bytes);
    await stage.runtime.start(request.id);
    expect((await stage.exitOf(request.id)).exitCode).toBe(0);
    expect(logText(stage.logOf(request.id))).toBe(`${createHash('md5').update(bytes).digest('hex')}  -\n`);
    await stage.runtime.remove(request.id);
  });

  test('a process that echoes what it reads does not deadlock', async () => {
    const { id } = await stage.up({ args: ['cat'], config: { OpenStdin: true, StdinOnce: true } });
    const stdin = await stage.runtime.openStdin(id);
    const line = `${'y'.repeat(1023)}\n`;
    stdin.end(line.repeat(4096));
    await stage.exitOf(id);
    expect(logText(stage.logOf(id)).length).toBe(4096 * 1024);
    await stage.runtime.remove(id);
  });

  test('a process that never reads still prints: its output does not wait for its input', async () => {
    const { id } = await stage.up({
      args: sh('seq 1 20000; echo done; exec sleep 60'),
      config: { OpenStdin: true, StdinOnce: true },
    });
    const stdin = await stage.runtime.openStdin(id);
    stdin.on('error', () => undefined);
    stdin.write(Buffer.alloc(4 * 1024 * 1024));
    await until(() => logText(stage.logOf(id)).endsWith('done\n'));
    expect(stdin.writableNeedDrain).toBe(true);
    stdin.destroy();
    await stage.runtime.remove(id);
  });

  test('stays open for the next writer unless it is to close with the first', async () => {
    const { id } = await stage.up({ args: sh('read a; read b; echo $a $b'), config: { OpenStdin: true } });
    (await stage.runtime.openStdin(id)).end('one\n');
    const second = await stage.runtime.openStdin(id);
    second.end('two\n');
    await stage.exitOf(id);
    expect(logText(stage.logOf(id))).toBe('one two\n');
    await stage.runtime.remove(id);
  });

  test('a terminal: size, resize, echo, carriage returns in the log', async () => {
    const { id } = await stage.up({
      args: sh('stty size; read line; stty size; test -t 0 && echo terminal $line'),
      config: { Tty: true, OpenStdin: true },
      host: { ConsoleSize: [33, 77] },
    });
    await until(() => stage.logOf(id).includes('33 77'));
    await stage.runtime.resize(id, { rows: 44, columns: 99 });
    const stdin = await stage.runtime.openStdin(id);
    stdin.end('typed\n');
    await stage.exitOf(id);
    expect(logText(stage.logOf(id))).toBe('33 77\r\ntyped\r\n44 99\r\nterminal typed\r\n');
    await stage.runtime.remove(id);
  });
});

describe('the log', () => {
  test('bytes survive: NUL, invalid UTF-8, very long lines, a part without its newline', async () => {
    const script = "printf 'a\\000b\\377c\\n'; head -c 100000 /dev/zero | busybox tr '\\0' z; printf '\\nend'";
    const { id } = await stage.up({ args: sh(script) });
    await stage.exitOf(id);
    expect(logText(stage.logOf(id))).toBe(`a\0b\xffc\n${'z'.repeat(100_000)}\nend`);
    await stage.runtime.remove(id);
  });

  test('goes on in a new file after a rename', async () => {
    const { id } = await stage.up({ args: sh('echo one; read x; echo two'), config: { OpenStdin: true } });
    await until(() => stage.logOf(id).includes('one'));
    const directory = join(stage.base, 'containers', id);
    renameSync(join(directory, 'log'), join(directory, 'log.1'));
    stage.runtime.reopenLog(id);
    await until(() => readdirSync(directory).includes('log'));
    (await stage.runtime.openStdin(id)).end('\n');
    await stage.exitOf(id);
    expect(logText(stage.logOf(id))).toBe('two\n');
    await stage.runtime.remove(id);
  });
});

describe('exec', () => {
  let id = '';
  beforeAll(async () => {
    const wanted = { args: ['sleep', '600'], config: { Env: ['BASE=b'], WorkingDir: '/tmp' } };
    ({ id } = await stage.up({ ...wanted, host: { CapDrop: ['CHOWN'] } }));
  });
  afterAll(() => stage.runtime.remove(id));

  const run = (args: string[], more: Partial<ExecRequest> = {}): Promise<ExecProcess> =>
    stage.runtime.exec(id, { args, env: [], cwd: '', user: '', tty: false, stdin: false, privileged: false, ...more });

  async function output(args: string[], more: Partial<ExecRequest> = {}) {
    const process = await run(args, more);
    const [out, err, { exitCode }] = await Promise.all([text(process.stdout), text(process.stderr), process.exited]);
    return { out, err, exitCode };
  }

  test('streams apart, exit code, directory, environment', async () => {
    expect(await output(sh('echo o; echo e >&2; exit 6'))).toEqual({ out: 'o\n', err: 'e\n', exitCode: 6 });
    expect((await output(sh('pwd; echo $BASE $A $HOME'), { env: ['A=x'] })).out).toBe('/tmp\nb x /root\n');
    expect((await output(['pwd'], { cwd: '/var' })).out).toBe('/var\n');
    expect((await output(sh('id -u; echo $HOME'), { user: 'www-data' })).out).toBe('33\n/var\n');
  });

  test("has the container's capabilities and filter, or all when privileged", async () => {
    const status = (name: string) => ['awk', `/^${name}:/{print $2}`, '/proc/self/status'];
    expect((await output(status('CapEff'))).out).toBe('00000000a80425fa\n');
    expect((await output(status('CapBnd'))).out).toBe('00000000a80425fa\n');
    expect((await output(status('Seccomp'))).out).toBe('2\n');
    expect((await output(status('CapEff'), { user: '1000' })).out).toBe('0000000000000000\n');
    expect((await output(status('CapEff'), { privileged: true })).out).not.toBe('00000000a80425fa\n');
  });

  test('input arrives and ends', async () => {
    const process = await run(['md5sum'], { stdin: true });
    const bytes = Buffer.alloc(4 * 1024 * 1024);
    process.stdin?.end(bytes);
    expect(await text(process.stdout)).toBe(`${createHash('md5').update(bytes).digest('hex')}  -\n`);
    expect((await process.exited).exitCode).toBe(0);
  });

  test('a command that cannot run: its code and the words, on stderr', async () => {
    expect(await output(['nosuchcommand'])).toEqual({
      out: '',
      err: 'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuchcommand": executable file not found in $PATH: unknown\r\n',
      exitCode: 127,
    });
    expect((await output(['/etc/passwd'])).exitCode).toBe(126);
    const missing = await output(['pwd'], { cwd: '/no/such' });
    expect(missing.exitCode).not.toBe(0);
    const terminal = await output(['nosuchcommand'], { tty: true });
    expect(terminal).toMatchObject({ out: expect.stringContaining('executable file not found'), exitCode: 127 });
    await expect(run(['true'], { user: 'nosuch' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('a terminal: size, resize, input, exit code', async () => {
    const process = await run(['sh'], { tty: true, stdin: true, size: { rows: 30, columns: 90 } });
    process.stdin?.write('stty size; tty\n');
    expect(await shows(process.stdout, '/dev/pts/')).toContain('30 90');
    process.resize({ rows: 41, columns: 101 });
    process.stdin?.write('stty size; echo v=$((6*7)); exit 8\n');
    const rest = await text(process.stdout);
    expect(rest).toContain('41 101');
    expect(rest).toContain('v=42');
    expect((await process.exited).exitCode).toBe(8);
  });

  test('a terminal loses no byte to a slow reader', async () => {
    const process = await run(sh('seq 1 60000'), { tty: true });
    process.stdout.pause();
    await once(process.stdout, 'readable');
    const out = await text(process.stdout);
    expect(out.split('\r\n').length).toBe(60001);
    expect((await process.exited).exitCode).toBe(0);
  });

  test('the process id is known, kill ends it and what it started', async () => {
    const process = await run(sh('sleep 4242 & (busybox setsid sleep 4243 &) ; echo up; sleep 4244'));
    await shows(process.stdout, 'up');
    await until(() => process.pid > 0);
    expect(procCommandLine(process.pid).join(' ')).toContain('sleep 4244');
    const ours = () =>
      allProcesses().filter(({ pid, state }) => state !== 'Z' && /sleep 424[24]/.test(procCommandLine(pid).join(' ')));
    expect(ours().length).toBeGreaterThan(1);
    process.kill();
    process.stdout.resume();
    process.stderr?.resume();
    // A daemon that left the session keeps the output open; it is the user's own, as in Docker.
    for (const { pid } of allProcesses())
      if (/^sleep 4243/.test(procCommandLine(pid).join(' '))) globalThis.process.kill(pid);
    expect((await process.exited).exitCode).toBe(137);
    expect(ours()).toEqual([]);
    expect(procStat(process.pid)).toBeNull();
  });

  test('an abort ends it', async () => {
    const abort = new AbortController();
    const process = await stage.runtime.exec(
      id,
      { args: ['sleep', '600'], env: [], cwd: '', user: '', tty: false, stdin: false, privileged: false },
      { signal: abort.signal },
    );
    process.stdout.resume();
    process.stderr?.resume();
    abort.abort();
    expect((await process.exited).exitCode).toBe(137);
  });

  test('ten at once, and no file is left', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, (_, i) => output(['echo', String(i)])));
    expect(results.map(({ out }) => out.trim())).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(readdirSync(join(stage.base, 'run/execs'))).toEqual([]);
  });

  test('in a container that does not run', async () => {
    const request = { args: ['true'], env: [], cwd: '', user: '', tty: false, stdin: false, privileged: false };
    await expect(stage.runtime.exec('0'.repeat(64), request)).rejects.toMatchObject({ code: 'conflict' });
  });
});
