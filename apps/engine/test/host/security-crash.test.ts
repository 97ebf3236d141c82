import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@libsql/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../../../../e2e/support/engine.ts';
import { until } from '../../../../e2e/support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox';
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

/** What this instance holds in the kernel. */
async function held(): Promise<Record<'overlays' | 'namespaces' | 'interfaces' | 'groups' | 'supervisors', number>> {
  const instance = createHash('sha256').update(engine.dataRoot).digest('hex').slice(0, 6);
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const groups = await exec('find', [
    '/sys/fs/cgroup',
    '-type',
    'd',
    '-path',
    `*/gantry-${instance}/*`,
    '-regex',
    '.*/[0-9a-f]+$',
  ]);
  const lines = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return {
    overlays: mounts.filter((line) => line.includes(' - overlay ') && line.includes(engine.dataRoot)).length,
    namespaces: (await readdir(join(dirname(engine.socket), 'netns'))).filter((name) => !name.startsWith('.ready'))
      .length,
    interfaces: (await readdir('/sys/class/net')).filter((name) => name.startsWith(`gv${instance}`)).length,
    groups: new Set(
      groups.stdout
        .split('\n')
        .filter(Boolean)
        .map((path) => path.slice(-64)),
    ).size,
    supervisors: lines.filter((line) => line.split('\0')[0]?.endsWith('conmon') && line.includes(engine.dataRoot))
      .length,
  };
}

const NOUNS = ['container', 'volume', 'network', 'image'] as const;
type Noun = (typeof NOUNS)[number];
const make: Record<Noun, (name: string) => string[]> = {
  container: (name) => ['run', '-d', '--name', name, IMAGE, 'sleep', '1000'],
  volume: (name) => ['volume', 'create', '--label', 'made=yes', name],
  network: (name) => ['network', 'create', name],
  image: (name) => ['tag', IMAGE, `${name}:1`],
};
const unmake: Record<Noun, (name: string) => string[]> = {
  container: (name) => ['rm', '-f', name],
  volume: (name) => ['volume', 'rm', name],
  network: (name) => ['network', 'rm', name],
  image: (name) => ['rmi', `${name}:1`],
};
const list: Record<Noun, string[]> = {
  container: ['ps', '-a', '--format', '{{.Names}}'],
  volume: ['volume', 'ls', '--format', '{{.Name}}'],
  network: ['network', 'ls', '--format', '{{.Name}}'],
  image: ['images', '--format', '{{.Repository}}'],
};
const inspect = (noun: Noun, name: string) => engine.docker(noun, 'inspect', noun === 'image' ? `${name}:1` : name);
const named = async (noun: Noun) =>
  (await engine.docker(...list[noun])).split('\n').filter((name) => name.startsWith('crash-'));

test('killed at any moment, nothing acknowledged is lost, nothing half made is left, and it is back within ten seconds', async () => {
  const kept = new Map<Noun, Set<string>>(NOUNS.map((noun) => [noun, new Set<string>()]));
  const gone = new Map<Noun, Set<string>>(NOUNS.map((noun) => [noun, new Set<string>()]));
  for (let round = 0; round < 2; round++) {
    let acknowledged = 0;
    const doubtful: [Noun, string][] = [];
    const work = NOUNS.map(async (noun) => {
      for (let i = 0; ; i++) {
        const name = `crash-${round}-${i}`;
        doubtful.push([noun, name]);
        await engine.docker(...make[noun](name));
        kept.get(noun)?.add(name);
        acknowledged++;
        // Every third goes again: a removal that was acknowledged stays one.
        if (i % 3 !== 2) continue;
        kept.get(noun)?.delete(name);
        await engine.docker(...unmake[noun](name));
        gone.get(noun)?.add(name);
      }
    });
    const ended = Promise.allSettled(work);
    await until(() => acknowledged >= 14 + 9 * round, 'enough is acknowledged', 30_000);
    await engine.crash();
    await ended;
    const began = Date.now();
    await engine.restart();
    expect(Date.now() - began).toBeLessThan(10_000);
    for (const noun of NOUNS) {
      const there = await named(noun);
      expect(there, noun).toEqual(expect.arrayContaining([...(kept.get(noun) ?? [])]));
      expect(
        there.filter((name) => gone.get(noun)?.has(name)),
        noun,
      ).toEqual([]);
      for (const name of there) expect(await inspect(noun, name), `${noun} ${name}`).toContain('"');
    }
    for (const name of kept.get('container') ?? []) {
      expect(await engine.docker('inspect', '-f', '{{.State.Status}}', name)).toBe('running\n');
    }
    // No name is held by something that is not there: what was under way is there, or can be made.
    for (const [noun, name] of doubtful) {
      if (kept.get(noun)?.has(name) || (await named(noun)).includes(name)) continue;
      await engine.docker(...make[noun](name));
      await engine.docker(...unmake[noun](name));
    }
  }
  const running = (await engine.docker('ps', '-q')).split('\n').filter(Boolean).length;
  expect(running).toBeGreaterThan(0);
  for (const [what, count] of Object.entries(await held())) expect(count, what).toBe(running);
  for (const noun of NOUNS) for (const name of await named(noun)) await engine.docker(...unmake[noun](name));
  const nothing = { overlays: 0, namespaces: 0, interfaces: 0, groups: 0, supervisors: 0 };
  await until(async () => JSON.stringify(await held()) === JSON.stringify(nothing), 'nothing is left').catch(async () =>
    expect(await held()).toEqual(nothing),
  );
});

test('what ended while nobody looked is known with its reason; what should go on does, in the same place', async () => {
  const wait = 'while [ ! -e /go ]; do sleep 0.05; done;';
  await engine.docker(
    'run',
    '-d',
    '--name',
    'eater',
    '-m',
    '16m',
    '--memory-swap',
    '16m',
    IMAGE,
    'sh',
    '-c',
    `${wait} tail /dev/zero`,
  );
  await engine.docker('run', '-d', '--name', 'killed', IMAGE, 'sleep', '1000');
  await engine.docker(
    'run',
    '-d',
    '--name',
    'again',
    '--restart',
    'on-failure:3',
    IMAGE,
    'sh',
    '-c',
    `${wait} rm /go; exit 3`,
  );
  const page = 'echo page > /index.html; httpd -f -p 80 -h /';
  await engine.docker('run', '-d', '--name', 'web', '-p', '127.0.0.1::80', IMAGE, 'sh', '-c', page);
  const pid = async (name: string) => (await engine.docker('inspect', '-f', '{{.State.Pid}}', name)).trim();
  const pids = Object.fromEntries(
    await Promise.all(['eater', 'killed', 'again', 'web'].map(async (name) => [name, await pid(name)])),
  );
  const address = (await engine.docker('port', 'web', '80')).trim();
  await engine.crash();
  await writeFile(`/proc/${pids.eater}/root/go`, '');
  await writeFile(`/proc/${pids.again}/root/go`, '');
  process.kill(Number(pids.killed), 'SIGTERM');
  process.kill(Number(pids.killed), 'SIGKILL');
  const ended = async () => {
    const running = await readdir('/proc');
    return !['eater', 'killed', 'again'].some((name) => running.includes(pids[name] ?? ''));
  };
  await until(ended, 'the three have ended');
  await engine.restart();
  const state = async (name: string) =>
    (await engine.docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}', name)).trim();
  expect(await state('eater')).toBe('exited 137 true');
  expect(await state('killed')).toBe('exited 137 false');
  await until(async () => (await state('again')) === 'running 0 false', 'the policy goes on');
  expect((await engine.docker('inspect', '-f', '{{.RestartCount}}', 'again')).trim()).toBe('1');
  expect(await pid('web')).toBe(pids.web);
  expect(await (await fetch(`http://${address}/`)).text()).toBe('page\n');
  await engine.docker('rm', '-f', 'eater', 'killed', 'again', 'web');
});

test('the database is whole, written through, and refused when it is damaged', async () => {
  await engine.docker('volume', 'create', 'marker');
  await engine.crash();
  const file = join(engine.dataRoot, 'db/gantry.db');
  const client = createClient({ url: `file:${file}` });
  const answer = async (sql: string) => String((await client.execute(sql)).rows[0]?.[0]);
  expect(await answer('PRAGMA journal_mode')).toBe('wal');
  expect(await answer('PRAGMA integrity_check')).toBe('ok');
  expect(await answer('PRAGMA foreign_key_check')).toBe('undefined');
  await client.execute('PRAGMA wal_checkpoint(TRUNCATE)');
  client.close();
  const sound = await readFile(file);
  const damaged = Buffer.from(sound);
  // The b-tree pages behind the schema.
  damaged.fill(0xa5, 4096 * 2, 4096 * 12);
  await writeFile(file, damaged);
  await expect(engine.restart()).rejects.toThrow(/database .* is damaged.*Restore a backup/s);
  await writeFile(file, sound);
  await engine.restart();
  expect(await engine.docker('volume', 'ls', '-q')).toContain('marker');
});
