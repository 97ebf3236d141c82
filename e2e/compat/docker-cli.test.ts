import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox:latest';
let engine: TestEngine;
let directory: string;

beforeAll(async () => {
  engine = await startEngine();
  directory = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
});
afterEach(async () => {
  const ids = (await engine.docker('ps', '-aq')).split('\n').filter(Boolean);
  if (ids.length > 0) await engine.docker('rm', '-f', '-v', ...ids);
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

type Outcome = { code: number; stdout: string; stderr: string };

/** The docker CLI with input, whatever its exit code. */
async function cli(args: string[], input = ''): Promise<Outcome> {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CLI_HINTS: 'false' };
  const child = spawn('docker', args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code ?? -1, stdout, stderr };
}
const run = (...args: string[]): Promise<Outcome> => cli(['run', '--rm', ...args]);

/** The docker CLI in a real terminal, with keystrokes typed when what is on the screen matches. */
async function terminal(
  args: string[],
  keys: [seen: RegExp, typed: string][],
): Promise<{ screen: string; code: number }> {
  const env = { ...process.env, DOCKER_HOST: `unix://${engine.socket}`, DOCKER_CLI_HINTS: 'false', TERM: 'xterm' };
  const child = spawn('script', ['-qec', `stty rows 33 cols 77; docker ${args.join(' ')}`, '/dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    while (keys[0]?.[0].test(screen)) child.stdin.write(keys.shift()?.[1] ?? '');
  });
  const [code] = await once(child, 'close');
  return { screen: screen.replaceAll('\r', ''), code };
}

describe('run', () => {
  test('streams, exit codes and a command that is missing or not executable', async () => {
    expect(await run(IMAGE, 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect((await run(IMAGE, 'nosuchcommand')).code).toBe(127);
    expect((await run(IMAGE, '/etc/passwd')).code).toBe(126);
    expect(await run('--pull', 'never', 'nosuchimage', 'true')).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/No such image/),
    });
  });

  test('eight megabytes go through stdin and stdout unharmed, and output goes on after stdin ended', async () => {
    const input = '0123456789abcde\n'.repeat(512 * 1024);
    const { stdout } = await cli(['run', '--rm', '-i', IMAGE, 'cat'], input);
    expect(stdout === input).toBe(true);
    expect(
      (await cli(['run', '--rm', '-i', IMAGE, 'sh', '-c', 'n=$(wc -l); sleep 1; echo $n late'], 'a\nb\n')).stdout,
    ).toBe('2 late\n');
  });

  test('what the process sees: user, directory, host name, environment, limits, capabilities, seccomp', async () => {
    const flags = [
      '-u',
      '1234:5678',
      '-w',
      '/a/b',
      '--hostname',
      'hh',
      '-e',
      'A=1',
      '-m',
      '64m',
      '--cpus',
      '0.5',
      '--cap-drop',
      'ALL',
    ];
    const script = 'id -u; id -g; pwd; hostname; echo $A; grep -E "^(CapBnd|Seccomp):" /proc/self/status; echo $$';
    const { stdout } = await run(...flags, IMAGE, 'sh', '-c', script);
    expect(stdout.split(/\s+/).filter(Boolean)).toEqual([
      '1234',
      '5678',
      '/a/b',
      'hh',
      '1',
      'CapBnd:',
      '0000000000000000',
      'Seccomp:',
      '2',
      '1',
    ]);
    const limits =
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null';
    expect((await run('-m', '64m', '--cpus', '0.5', IMAGE, 'sh', '-c', limits)).stdout).toMatch(/^67108864\n50000/);
    expect((await run(IMAGE, 'sh', '-c', 'grep CapEff /proc/self/status')).stdout).toMatch(/00000000a80425fb/);
    expect((await run('--read-only', IMAGE, 'touch', '/x')).code).not.toBe(0);
    expect((await run('--network', 'none', IMAGE, 'ls', '/sys/class/net')).stdout).toBe('lo\n');
  });

  test('binds and volumes', async () => {
    await writeFile(join(directory, 'f'), 'host\n');
    expect((await run('-v', `${directory}:/m:ro`, IMAGE, 'cat', '/m/f')).stdout).toBe('host\n');
    expect((await run('-v', `${directory}:/m:ro`, IMAGE, 'touch', '/m/x')).code).not.toBe(0);
    await run('-v', 'kept:/d', IMAGE, 'sh', '-c', 'echo kept > /d/f');
    expect((await run('-v', 'kept:/e', IMAGE, 'cat', '/e/f')).stdout).toBe('kept\n');
    await engine.docker('create', '--name', 'holder', '-v', 'kept:/d', IMAGE);
    expect((await cli(['volume', 'rm', 'kept'])).stderr).toMatch(/volume is in use/);
    await engine.docker('rm', 'holder');
    expect((await cli(['volume', 'rm', 'kept'])).stdout).toBe('kept\n');
  });

  test('a published port answers from the host, and a taken one is refused with nothing left behind', async () => {
    await engine.docker(
      'run',
      '-d',
      '--name',
      'web',
      '-p',
      '127.0.0.1::80',
      IMAGE,
      'sh',
      '-c',
      'echo pub > /index.html; httpd -f -p 80 -h /',
    );
    const address = (await engine.docker('port', 'web', '80')).trim();
    await until(async () => (await (await fetch(`http://${address}/`)).text()) === 'pub\n', 'the page');
    const second = await cli(['run', '-d', '--name', 'second', '-p', `${address}:80`, IMAGE, 'sleep', '9']);
    expect(second).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/port is already allocated|address already in use/),
    });
    expect(await engine.docker('inspect', '-f', '{{.State.Status}} {{.State.Pid}}', 'second')).toBe('created 0\n');
    await engine.docker('rm', '-f', 'web', 'second');
    expect((await cli(['run', '--rm', '-p', `${address}:80`, IMAGE, 'true'])).code).toBe(0);
  });
});

describe('a terminal', () => {
  test('has the size of ours, takes input and gives the exit code', async () => {
    const { screen, code } = await terminal(['run', '--rm', '-it', IMAGE, 'sh'], [[/# /, 'stty size; exit 5\n']]);
    expect(screen).toContain('33 77');
    expect(code).toBe(5);
  });

  test('detach keys leave the container running', async () => {
    await engine.docker('run', '-dit', '--name', 'shell', IMAGE, 'sh');
    // The prompt was printed before we came: a key makes a new one.
    const attached = await terminal(
      ['attach', '--detach-keys', 'ctrl-a,x', 'shell'],
      [
        [/^/, 'echo q=$((3*3))\n'],
        [/q=9/, '\u0001x'],
      ],
    );
    expect(attached.screen).toContain('q=9');
    expect(await engine.docker('inspect', '-f', '{{.State.Running}}', 'shell')).toBe('true\n');
  });
});

describe('exec', () => {
  test('environment, user, directory, input, exit code, detached', async () => {
    await engine.docker('run', '-d', '--name', 'ee', '-e', 'BASE=b', IMAGE, 'sleep', '300');
    const flags = ['-e', 'A=x', '-u', 'daemon', '-w', '/var'];
    expect((await cli(['exec', ...flags, 'ee', 'sh', '-c', 'echo $A $BASE $(id -u) $(pwd); exit 6'])).stdout).toBe(
      'x b 1 /var\n',
    );
    expect((await cli(['exec', 'ee', 'sh', '-c', 'exit 6'])).code).toBe(6);
    expect((await cli(['exec', '-i', 'ee', 'md5sum'], 'x'.repeat(4 << 20))).stdout).toMatch(/^[0-9a-f]{32}/);
    await engine.docker('exec', '-d', 'ee', 'touch', '/det');
    await until(async () => (await cli(['exec', 'ee', 'ls', '/det'])).code === 0, 'the detached exec has run');
    expect((await cli(['exec', 'ee', 'nosuchcommand'])).code).toBeGreaterThanOrEqual(126);
    await engine.docker('pause', 'ee');
    expect((await cli(['exec', 'ee', 'true'])).stderr).toMatch(/paused/);
    await engine.docker('unpause', 'ee');
  });
});

describe('logs and events', () => {
  test('tail, since, until, timestamps, both streams, follow to the end', async () => {
    await cli(['run', '--name', 'gg', IMAGE, 'sh', '-c', 'for i in 1 2 3 4 5; do echo line$i; done; echo bad >&2']);
    expect(await cli(['logs', 'gg'])).toEqual({
      code: 0,
      stdout: 'line1\nline2\nline3\nline4\nline5\n',
      stderr: 'bad\n',
    });
    expect((await cli(['logs', '--tail', '1', 'gg'])).stderr).toBe('bad\n');
    const stamped = (await cli(['logs', '-t', 'gg'])).stdout.split('\n');
    expect(stamped[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line1$/);
    const since = stamped[3]?.split(' ')[0] ?? '';
    expect((await cli(['logs', '--since', since, 'gg'])).stdout).toMatch(/line4\nline5\n$/);
    await engine.docker('run', '-d', '--name', 'ff', IMAGE, 'sh', '-c', 'sleep 1; echo end');
    expect((await cli(['logs', '-f', 'ff'])).stdout).toBe('end\n');
  });

  test('a line of 100,000 bytes and 50,000 lines are whole', async () => {
    await cli(['run', '--name', 'long', IMAGE, 'sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x']);
    expect((await cli(['logs', 'long'])).stdout).toBe('x'.repeat(100_000));
    await cli(['run', '--name', 'many', IMAGE, 'seq', '50000']);
    expect((await cli(['logs', 'many'])).stdout.split('\n')).toHaveLength(50_001);
  });

  test('the life of a container in events, in order, with the exit code', async () => {
    const since = (Date.now() / 1000 - 0.001).toFixed(3);
    await cli(['run', '--name', 'ev', IMAGE, 'sh', '-c', 'exit 2']);
    await engine.docker('rm', 'ev');
    await until(async () => {
      const args = [
        'events',
        '--since',
        since,
        '--until',
        (Date.now() / 1000).toFixed(3),
        '--filter',
        'container=ev',
        '--filter',
        'type=container',
      ];
      const actions = (await engine.docker(...args, '--format', '{{.Action}} {{index .Actor.Attributes "exitCode"}}'))
        .split('\n')
        .map((line) => line.trim());
      return actions.join(',') === 'create,attach,start,die 2,destroy,';
    }, 'create, attach, start, die, destroy');
  });
});

describe('state', () => {
  test('stop waits for SIGTERM, then kills; kill, pause, rename, wait and the words of refusals', async () => {
    await engine.docker(
      'run',
      '-d',
      '--name',
      'tt',
      IMAGE,
      'sh',
      '-c',
      'trap "exit 7" TERM; while :; do sleep 0.1; done',
    );
    const waiting = cli(['wait', 'tt']);
    await engine.docker('stop', '-t', '10', 'tt');
    expect((await waiting).stdout).toBe('7\n');
    await engine.docker('start', 'tt');
    await engine.docker('pause', 'tt');
    expect((await cli(['pause', 'tt'])).stderr).toMatch(/already paused/);
    expect((await engine.docker('ps', '--format', '{{.Status}}')).trim()).toMatch(/^Up .*\(Paused\)$/);
    await engine.docker('unpause', 'tt');
    expect((await cli(['rm', 'tt'])).stderr).toMatch(/cannot remove/);
    await engine.docker('kill', 'tt');
    expect((await cli(['wait', 'tt'])).stdout).toBe('137\n');
    expect((await cli(['kill', 'tt'])).stderr).toMatch(/is not running/);
    await engine.docker('rename', 'tt', 'uu');
    expect((await cli(['run', '--name', 'uu', IMAGE])).stderr).toMatch(
      /Conflict\. The container name "\/uu" is already in use/,
    );
    expect((await cli(['top', 'uu'])).stderr).toMatch(/is not running/);
  });

  test('stats and top of a running one', async () => {
    await engine.docker('run', '-d', '--name', 'ss', '-m', '64m', IMAGE, 'sleep', '300');
    expect(await engine.docker('stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}', 'ss')).toMatch(
      /^ss \S+ \/ 64MiB/,
    );
    expect(await engine.docker('top', 'ss', '-o', 'pid,comm')).toMatch(/PID\s+COMMAND\n\d+\s+sleep/);
  });
});

describe('images', () => {
  test('save, remove and load give the same image; import makes one that runs', async () => {
    const id = (await engine.docker('image', 'inspect', '-f', '{{.Id}}', IMAGE)).trim();
    await engine.docker('tag', IMAGE, 'copy:1');
    const archive = join(directory, 'copy.tar');
    await engine.docker('save', '-o', archive, 'copy:1');
    expect(await engine.docker('rmi', 'copy:1')).toBe('Untagged: copy:1\n');
    expect(await engine.docker('load', '-i', archive)).toMatch(/Loaded image: copy:1/);
    expect((await engine.docker('image', 'inspect', '-f', '{{.Id}}', 'copy:1')).trim()).toBe(id);
    await engine.docker('create', '--name', 'xx', IMAGE);
    await exec('tar', ['-C', directory, '-cf', join(directory, 'root.tar'), 'f']);
    expect(await engine.docker('import', '-c', 'CMD ["cat","/f"]', join(directory, 'root.tar'), 'imported:1')).toMatch(
      /^sha256:/,
    );
    expect(await engine.docker('image', 'inspect', '-f', '{{.Config.Cmd}}', 'imported:1')).toBe('[cat /f]\n');
    await engine.docker('rmi', 'copy:1', 'imported:1');
    expect((await readFile(archive)).length).toBeGreaterThan(1_000_000);
  });

  test('rubbish is refused and leaves nothing', async () => {
    const before = await engine.docker('images', '-aq');
    await writeFile(join(directory, 'rubbish'), 'rubbish');
    expect((await cli(['load', '-i', join(directory, 'rubbish')])).code).not.toBe(0);
    expect((await cli(['tag', IMAGE, 'Bad:1'])).stderr).toMatch(
      /repository name must be lowercase|invalid reference format/,
    );
    expect((await cli(['rmi', 'nosuch'])).stderr).toMatch(/No such image: nosuch/);
    expect(await engine.docker('images', '-aq')).toBe(before);
  });
});

test('what is not there yet says so and is never a wrong success', async () => {
  const { code, stderr } = await cli(['swarm', 'init']);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/not part of Gantry/);
});
