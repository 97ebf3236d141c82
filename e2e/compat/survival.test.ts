import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox:latest';
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const inspect = async (name: string, format: string): Promise<string> =>
  (await engine.docker('inspect', '-f', format, name)).trim();

/** What containers leave on a host: overlay mounts, namespaces and veths, cgroups, supervisors. */
async function traces(): Promise<Record<string, number>> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => line.includes(engine.dataRoot));
  const links = JSON.parse((await exec('ip', ['-j', 'link', 'show', 'type', 'veth'])).stdout || '[]') as {
    ifname: string;
  }[];
  const supervisors = await processesWith(engine.dataRoot, 'conmon');
  return {
    rootfs: mounts.filter((line) => line.includes(' - overlay ')).length,
    veths: links.filter(({ ifname }) => ifname.startsWith('gy') || ifname.startsWith('ve')).length,
    supervisors: supervisors.length,
  };
}

async function processesWith(text: string, program: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(text) && line.split('\0')[0]?.endsWith(program));
}

test('a killed engine takes its containers over, with codes, times, lines and ports, and leaves nothing behind', async () => {
  const before = await traces();
  await engine.docker(
    'run',
    '-d',
    '--name',
    'ticker',
    IMAGE,
    'sh',
    '-c',
    'i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done',
  );
  await engine.docker(
    'run',
    '-d',
    '--name',
    'short',
    IMAGE,
    'sh',
    '-c',
    'while [ ! -e /go ]; do sleep 0.05; done; echo last words; exit 42',
  );
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
    'echo up > /index.html; httpd -f -p 80 -h /',
  );
  await engine.docker(
    'run',
    '-d',
    '--name',
    'gone',
    '--rm',
    IMAGE,
    'sh',
    '-c',
    'while [ ! -e /go ]; do sleep 0.05; done',
  );
  const pid = await inspect('ticker', '{{.State.Pid}}');
  const port = (await engine.docker('port', 'web', '80/tcp')).trim();
  const roots = await Promise.all(['short', 'gone'].map((name) => inspect(name, '{{.State.Pid}}')));

  await engine.crash();
  const killedAt = Date.now();
  // Told through their own root, since no engine is there to exec.
  for (const root of roots) await exec('touch', [`/proc/${root}/root/go`]);
  await until(async () => !(await readdir('/proc')).some((name) => roots.includes(name)), 'the two have ended');
  const endedBy = Date.now();
  const page = await fetch(`http://${port}/`, { signal: AbortSignal.timeout(5000) }).then(
    (answer) => answer.text(),
    () => 'not held while away',
  );
  expect(['up\n', 'not held while away']).toContain(page);

  await engine.restart();
  expect(await inspect('ticker', '{{.State.Status}} {{.State.Pid}}')).toBe(`running ${pid}`);
  expect(await inspect('short', '{{.State.Status}} {{.State.ExitCode}}')).toBe('exited 42');
  const finished = Date.parse(await inspect('short', '{{.State.FinishedAt}}'));
  expect(finished).toBeGreaterThanOrEqual(killedAt - 1000);
  expect(finished).toBeLessThanOrEqual(endedBy + 1000);
  expect(await engine.docker('logs', 'short')).toBe('last words\n');
  await expect(inspect('gone', '{{.Id}}')).rejects.toThrow(/No such/);
  expect((await engine.docker('port', 'web', '80/tcp')).trim()).toBe(port);
  expect(await fetch(`http://${port}/`).then((answer) => answer.text())).toBe('up\n');

  const lines = (await engine.docker('logs', 'ticker')).trim().split('\n');
  expect(lines).toEqual(lines.map((_, index) => `tick ${index + 1}`));

  await engine.docker('stop', '-t', '0', 'ticker');
  expect(await inspect('ticker', '{{.State.ExitCode}}')).toBe('137');
  await engine.docker('start', 'ticker');
  await engine.docker('rm', '-f', 'ticker', 'short', 'web');
  await until(async () => JSON.stringify(await traces()) === JSON.stringify(before), 'nothing is left of them');
});

test('restart policies go on after a crash: a container that died meanwhile comes back', async () => {
  await engine.docker('run', '-d', '--name', 'always', '--restart', 'always', IMAGE, 'sleep', '1000');
  const pid = await inspect('always', '{{.State.Pid}}');
  await engine.crash();
  process.kill(Number(pid), 'SIGKILL');
  await engine.restart();
  await until(async () => (await inspect('always', '{{.State.Running}}')) === 'true', 'it runs again');
  expect(await inspect('always', '{{.State.Pid}}')).not.toBe(pid);
  await engine.docker('rm', '-f', 'always');
});

test('a crash in the middle of many starts leaves every container inspectable and startable', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `storm${index}`);
  const starts = names.map((name) =>
    engine.docker('run', '-d', '--name', name, IMAGE, 'sleep', '1000').catch(() => ''),
  );
  await until(async () => (await engine.docker('ps', '-aq')).split('\n').filter(Boolean).length >= 3, 'some exist');
  await engine.crash();
  await Promise.all(starts);
  await engine.restart();
  const ids = (await engine.docker('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
  for (const id of ids) {
    expect(['running', 'created', 'exited']).toContain(await inspect(id, '{{.State.Status}}'));
    await engine.docker('start', id);
    expect(await inspect(id, '{{.State.Running}}')).toBe('true');
  }
  for (const name of names) await engine.docker('rm', '-f', name).catch(() => '');
  expect((await engine.docker('ps', '-aq')).trim()).toBe('');
  await until(async () => Object.values(await traces()).every((count) => count === 0), 'nothing is left');
});
