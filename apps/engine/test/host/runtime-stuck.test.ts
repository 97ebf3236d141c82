import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { conmonCreate } from '#os/conmon.ts';
import { allProcesses, procCommandLine } from '#os/proc.ts';

const base = mkdtempSync(join(tmpdir(), 'gantry-stuck-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

const options = (runtime: string) => ({
  id: 'stuck',
  bundle: base,
  runtime,
  runtimeArgs: [],
  exitDir: join(base, 'exits'),
  logPath: join(base, 'log'),
  terminal: false,
  stdin: false,
  leaveStdinOpen: false,
});

const processes = (): string[] =>
  allProcesses()
    .filter(({ state }) => state !== 'Z')
    .map(({ pid }) => procCommandLine(pid).join(' '))
    .filter((line) => line.includes(base));

function program(name: string, script: string): string {
  mkdirSync(join(base, 'exits'), { recursive: true });
  const path = join(base, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a runtime that never answers is given up and nothing of it is left', async () => {
  const stuck = program('stuck', 'sleep 1000 & wait');
  await expect(conmonCreate(options(stuck), { timeout: 300 })).rejects.toMatchObject({
    code: 'internal',
    message: 'creating the container did not finish within 0.3 seconds',
  });
  expect(processes()).toEqual([]);
});

test('the same when the caller goes away', async () => {
  const abort = new AbortController();
  const creating = conmonCreate(options(program('stuck', 'sleep 1000')), { timeout: 30_000, signal: abort.signal });
  setTimeout(() => abort.abort(), 100);
  await expect(creating).rejects.toMatchObject({ code: 'cancelled' });
  expect(processes()).toEqual([]);
});

test('however early the caller goes away', async () => {
  const runtime = program('stuck', 'sleep 1000');
  for (let turn = 0; turn < 20; turn += 1) {
    const abort = new AbortController();
    const creating = conmonCreate(options(runtime), { timeout: 30_000, signal: abort.signal });
    setTimeout(() => abort.abort(), turn);
    await expect(creating).rejects.toMatchObject({ code: 'cancelled' });
    expect(processes()).toEqual([]);
  }
});

test('a runtime that fails is quoted', async () => {
  const failing = program('failing', 'echo "the disk is on fire" >&2; exit 1');
  await expect(conmonCreate(options(failing), { timeout: 5000 })).rejects.toMatchObject({
    details: { runtimeMessage: 'the disk is on fire' },
  });
});
