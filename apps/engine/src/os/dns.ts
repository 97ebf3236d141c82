import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '#core/errors.ts';
import { runOk } from './process.ts';

/**
 * One aardvark-dns process for a directory of zones, one file each: the first
 * line has the addresses to listen on, every other line is
 * `<id> <ipv4> <ipv6> <name,name> [<server,server>]`. It reads them again on
 * SIGHUP, ends by itself when there are none, and outlives the engine.
 */
export type DnsServer = {
  /** Writes the zone, or removes it with null, and has the server read it. Calls are done in order. */
  setZone(name: string, text: string | null): Promise<void>;
  /** Removes all zones but these. */
  keepOnly(names: ReadonlySet<string>): Promise<void>;
};

const PID_FILE = 'aardvark.pid';
/** Milliseconds for a process of 3 MB to start or to end; only a host in trouble needs more. */
const PATIENCE = 5_000;
const POLL = 2;

export function createDnsServer(deps: { directory: string; program?: string; port?: number }): DnsServer {
  const program = deps.program ?? '/usr/lib/podman/aardvark-dns';
  const pidPath = join(deps.directory, PID_FILE);
  let tail: Promise<void> = Promise.resolve();

  const inOrder = (work: () => Promise<void>): Promise<void> => {
    const run = tail.then(work);
    tail = run.catch(() => undefined);
    return run;
  };

  async function zones(): Promise<string[]> {
    return (await readdir(deps.directory)).filter((name) => name !== PID_FILE);
  }

  /** The server's pid if it runs and is ours: a pid may have been given to somebody else since. */
  async function runningPid(): Promise<number | null> {
    const text = await readFile(pidPath, 'utf8').catch(() => '');
    const pid = Number(text.trim());
    if (!Number.isInteger(pid) || pid <= 1) return null;
    const arguments_ = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return basename(arguments_[0] ?? '') === 'aardvark-dns' && arguments_.includes(deps.directory) ? pid : null;
  }

  async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new EngineError('internal', `name server: ${what} takes too long`);
      await delay(POLL);
    }
  }

  /** A signal before its handler is in place would end the process. SigCgt: bit n-1 is signal n. */
  async function catchesHangup(pid: number): Promise<boolean> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  }

  async function startServer(): Promise<void> {
    await rm(pidPath, { force: true });
    await runOk(program, ['--config', deps.directory, '-p', String(deps.port ?? 53), 'run'], { timeout: PATIENCE });
    await until(async () => (await runningPid()) !== null, 'its start');
  }

  async function stopServer(pid: number): Promise<void> {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    // Its ports must be free before another can have them.
    await until(async () => (await runningPid()) === null, 'its end');
    await rm(pidPath, { force: true });
  }

  async function reload(): Promise<void> {
    const pid = await runningPid();
    if ((await zones()).length === 0) {
      if (pid !== null) await stopServer(pid);
      return;
    }
    if (pid === null) return startServer();
    let gone = false;
    await until(async () => {
      gone = (await runningPid()) !== pid;
      return gone || (await catchesHangup(pid));
    }, 'its start');
    if (gone) return startServer();
    process.kill(pid, 'SIGHUP');
  }

  async function writeZone(name: string, text: string): Promise<void> {
    // Not in the directory itself: the server reads every file there.
    const temporary = join(dirname(deps.directory), `.zone-${name}`);
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, join(deps.directory, name));
  }

  return {
    setZone: (name, text) =>
      inOrder(async () => {
        await mkdir(deps.directory, { recursive: true, mode: 0o700 });
        const path = join(deps.directory, name);
        const before = await readFile(path, 'utf8').catch(() => null);
        if (text === before && (text === null || (await runningPid()) !== null)) return;
        if (text === null) await rm(path, { force: true });
        else await writeZone(name, text);
        await reload();
      }),
    keepOnly: (names) =>
      inOrder(async () => {
        await mkdir(deps.directory, { recursive: true, mode: 0o700 });
        for (const zone of await zones()) if (!names.has(zone)) await rm(join(deps.directory, zone), { force: true });
        await reload();
      }),
  };
}
