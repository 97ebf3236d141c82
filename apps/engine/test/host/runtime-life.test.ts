import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#lib/ids.ts';
import { cgroupDirectories, cgroupPids, detectCgroups } from '#os/cgroup.ts';
import { conmonPid } from '#os/conmon.ts';
import { readMounts } from '#os/mount.ts';
import { isAlive, procStat } from '#os/proc.ts';
import { logText, openStage, type Stage } from './runtime-fixture.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sh = (script: string): string[] => ['sh', '-c', script];

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('never came');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a running container', () => {
  test('signals reach the process; kill tells the code', async () => {
    const { id } = await stage.up({ args: sh('trap "echo got; exit 9" TERM; echo up; while :; do sleep 0.05; done') });
    await until(() => stage.logOf(id).includes('up'));
    await stage.runtime.kill(id, 15);
    expect((await stage.exitOf(id)).exitCode).toBe(9);
    expect(logText(stage.logOf(id))).toContain('got');
    await expect(stage.runtime.kill(id, 15)).rejects.toMatchObject({ code: 'conflict' });
    await stage.runtime.remove(id);
  });

  test('an exit is told within milliseconds', async () => {
    const { id } = await stage.up({ args: ['sleep', '600'] });
    const told = stage.exitOf(id).then(() => performance.now());
    const begun = performance.now();
    await stage.runtime.kill(id, 9);
    expect((await told) - begun).toBeLessThan(200);
    await stage.runtime.remove(id);
  });

  test('pause stops it, resume lets it go on, a paused one can be killed', async () => {
    const { id } = await stage.up({ args: sh('while :; do echo x; sleep 0.01; done') });
    await until(() => stage.logOf(id).length > 0);
    await stage.runtime.pause(id);
    const tick = () => procStat(cgroupPids(detectCgroups(), `/gantry-${stage.instance}/${id}`)[0] ?? 0)?.state;
    expect(['D', 'T', 'S']).toContain(tick());
    const size = stage.logOf(id).length;
    expect((await stage.runtime.stats(id))?.pids.current).toBeGreaterThan(0);
    expect(stage.logOf(id).length - size).toBeLessThan(100);
    await stage.runtime.resume(id);
    const later = stage.logOf(id).length;
    await until(() => stage.logOf(id).length > later);
    await stage.runtime.pause(id);
    await stage.runtime.kill(id, 9);
    expect((await stage.exitOf(id)).exitCode).toBe(137);
    await stage.runtime.remove(id);
  });

  test('limits can be changed', async () => {
    const { id } = await stage.up({ args: ['sleep', '600'], host: { Memory: 64 << 20, MemorySwap: -1 } });
    await stage.runtime.update(id, {
      Memory: 32 << 20,
      MemorySwap: 0,
      MemoryReservation: 0,
      CpuShares: 0,
      CpuPeriod: 0,
      CpuQuota: 0,
      NanoCpus: 25e7,
      CpusetCpus: '',
      CpusetMems: '',
      PidsLimit: 44,
      BlkioWeight: 0,
      CpuRealtimePeriod: 0,
      CpuRealtimeRuntime: 0,
    });
    const stats = await stage.runtime.stats(id);
    expect(stats?.memory.limit).toBe(32 << 20);
    expect(stats?.pids.limit).toBe(44);
    await stage.runtime.remove(id);
  });

  test('counters and processes', async () => {
    const { id, pid } = await stage.up({
      args: sh('sleep 601 & i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; wait'),
    });
    await until(() => stage.logOf(id).includes('done'));
    const stats = await stage.runtime.stats(id);
    expect(stats?.cpu.totalNs).toBeGreaterThan(1_000_000);
    expect(stats?.memory.usage).toBeGreaterThan(0);
    expect(stats?.hostCpuNs).toBeGreaterThan(stats?.cpu.totalNs ?? 0);
    expect(stats?.pids.current).toBe(2);
    expect(stats?.networks).toEqual({});
    expect(await stage.runtime.pids(id)).toContain(pid);
    const { titles, processes } = await stage.runtime.top(id, []);
    expect(titles[0]).toBe('UID');
    expect(processes.map((row) => row.at(-1))).toContain('sleep 601');
    const custom = await stage.runtime.top(id, ['-o', 'pid,comm']);
    expect(custom.titles).toEqual(['PID', 'COMMAND']);
    expect(custom.processes.map((row) => row[1])).toContain('sleep');
    await expect(stage.runtime.top(id, ['-o', 'comm'])).rejects.toMatchObject({ code: 'invalid_argument' });
    await stage.runtime.remove(id);
    expect(await stage.runtime.stats(id)).toBeNull();
  });

  test('whose conmon is killed is told as ended', async () => {
    const { id, pid } = await stage.up({ args: ['sleep', '600'] });
    process.kill(conmonPid(join(stage.base, 'run/c', id)), 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect((await stage.exitOf(id)).exitCode).toBe(255);
    await stage.runtime.remove(id);
  });
});

/** An engine that starts containers and says which; then it is killed with no chance to clean up. */
const ENGINE = `
import { createRuntime } from '#drivers/runtime/runtime.ts';
const [, , base, instance, ...requests] = process.argv;
const runtime = await createRuntime({ runDir: base + '/run', rootfsBase: base + '/overlay', instance, runtime: 'auto',
  seccompProfile: '/usr/share/containers/seccomp.json', log: { warn: () => undefined } });
const made = [];
for (const text of requests) {
  const request = JSON.parse(text);
  made.push({ id: request.id, ...(await runtime.create(request)) });
  await runtime.start(request.id);
}
console.log(JSON.stringify(made));
setInterval(() => undefined, 1000);
`;

describe('after the engine was killed', () => {
  test('what lives is taken over, what died is told, what nobody knows is removed', async () => {
    const script = join(import.meta.dirname, `../../.engine-${process.pid}.ts`);
    writeFileSync(script, ENGINE);
    const lives = stage.request({ args: sh('while :; do echo tick; sleep 0.05; done'), config: { OpenStdin: true } });
    const dies = stage.request({ args: sh('read x; exit 5'), config: { OpenStdin: true, StdinOnce: true } });
    const unknown = stage.request({ args: ['sleep', '600'] });
    const args = [lives, dies, unknown].map((request) => JSON.stringify(request));
    const engine = spawn(process.execPath, [script, stage.base, stage.instance, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: join(import.meta.dirname, '../..'),
    });
    try {
      const known = await new Promise<{ id: string; pid: number; pidStartTime: number }[]>((resolve, reject) => {
        let text = '';
        engine.stdout.on('data', (chunk) => {
          text += chunk;
          if (text.includes('\n')) resolve(JSON.parse(text));
        });
        engine.once('exit', () => reject(new Error('the engine ended')));
      });
      engine.kill('SIGKILL');
      const [first, second, third] = known as [(typeof known)[0], (typeof known)[0], (typeof known)[0]];
      process.kill(second.pid, 'SIGKILL');
      await until(() => existsSync(join(stage.base, 'run/exits', dies.id)));
      const ticks = stage.logOf(lives.id).length;
      const runtime = await stage.again();
      const ghost = { id: newId(), pid: first.pid, pidStartTime: 1 };
      const found = await runtime.recover([first, second, ghost]);
      expect(found.get(lives.id)).toEqual({ kind: 'running', pid: first.pid, paused: false });
      expect(found.get(dies.id)).toMatchObject({ kind: 'exited', exit: { exitCode: 137, oomKilled: false } });
      expect(found.get(ghost.id)).toEqual({ kind: 'lost' });
      // Nobody knows the third.
      await until(() => procStat(third.pid) === null);
      expect(readMounts().filter(({ mountPoint }) => mountPoint.includes(unknown.id))).toEqual([]);
      const groups = cgroupDirectories(detectCgroups(), `/gantry-${stage.instance}/${unknown.id}`);
      expect(groups.filter((directory) => existsSync(directory))).toEqual([]);
      // The first went on printing meanwhile, and everything works on it.
      await until(() => stage.logOf(lives.id).length > ticks);
      const exec = await runtime.exec(lives.id, {
        args: ['echo', 'still'],
        env: [],
        cwd: '',
        user: '',
        tty: false,
        stdin: false,
        privileged: false,
      });
      exec.stderr?.resume();
      let out = '';
      for await (const chunk of exec.stdout) out += chunk;
      expect(out).toBe('still\n');
      const exited = new Promise<number>((resolve) =>
        runtime.onExit(({ id, exitCode }) => id === lives.id && resolve(exitCode)),
      );
      await runtime.kill(lives.id, 9);
      expect(await exited).toBe(137);
      await runtime.remove(lives.id);
      await runtime.remove(dies.id);
      expect(readMounts().filter(({ mountPoint }) => mountPoint.startsWith(stage.base))).toEqual([]);
    } finally {
      engine.kill('SIGKILL');
      const { rm } = await import('node:fs/promises');
      await rm(script, { force: true });
    }
  });

  test('a start that was never acknowledged is undone at once, though its process lives', async () => {
    const { id, pid, pidStartTime } = await stage.up({ args: ['sleep', '600'] });
    const runtime = await stage.again();
    const before = performance.now();
    // The row was written before there was a process.
    expect((await runtime.recover([{ id, pid: 0, pidStartTime: 0 }])).get(id)).toEqual({ kind: 'lost' });
    // There is no exit to wait for, which would take five seconds.
    expect(performance.now() - before).toBeLessThan(3000);
    expect(isAlive(pid, pidStartTime)).toBe(false);
    expect(readMounts().filter(({ mountPoint }) => mountPoint.includes(id))).toEqual([]);
  });

  test('a start that was cut short after its row was written is finished', async () => {
    const request = stage.request({ args: sh('echo began; sleep 600') });
    const process = await stage.runtime.create(request);
    expect(stage.logOf(request.id)).toBe('');
    const runtime = await stage.again();
    const found = await runtime.recover([{ id: request.id, ...process }]);
    expect(found.get(request.id)).toEqual({ kind: 'running', pid: process.pid, paused: false });
    await until(() => stage.logOf(request.id).includes('began'));
    // The next engine finds it running as any other.
    const again = await (await stage.again()).recover([{ id: request.id, ...process }]);
    expect(again.get(request.id)).toMatchObject({ kind: 'running' });
    await runtime.remove(request.id);
  });

  test('after a reboot nothing is there: lost', async () => {
    const known = { id: newId(), pid: 1, pidStartTime: 1 };
    expect((await stage.runtime.recover([known])).get(known.id)).toEqual({ kind: 'lost' });
    expect(readFileSync('/proc/1/comm', 'utf8')).toBeTruthy();
  });
});
