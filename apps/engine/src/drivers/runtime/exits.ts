import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerExit } from '#core/containers/ports.ts';
import { formatNano, nowNano } from '#lib/time.ts';
import { type CgroupLayout, cgroupOomKilled } from '#os/cgroup.ts';
import { conmonPid, readExitFile } from '#os/conmon.ts';
import { isAlive } from '#os/proc.ts';
import type { Live } from './bundle.ts';
import { createFileWatch } from './file-watch.ts';

export type Exits = {
  onExit(listener: (exit: ContainerExit) => void): () => void;
  /** The exit that conmon's file tells; null while there is none. */
  exitOf(id: string, bundle: string, cgroup: string): Promise<ContainerExit | null>;
  /** Looks for the exit of a container and tells it. True when it has ended. */
  check(live: Live): Promise<boolean>;
  /** Resolves when the container ended. */
  ended(live: Live, timeout: number): Promise<boolean>;
  close(): void;
};

/**
 * inotify tells of an exit within a millisecond. The sweep is for what no file
 * tells: a conmon that was killed takes the exit code with it, and an overflown
 * queue of the kernel loses events.
 */
const SWEEP = 5000;
/** Docker's code for a container whose fate is unknown. */
const UNKNOWN_EXIT = 255;

export function createExits(deps: {
  directory: string;
  cgroups: CgroupLayout;
  live: ReadonlyMap<string, Live>;
  warn(fields: object, text: string): void;
}): Exits {
  const listeners = new Set<(exit: ContainerExit) => void>();
  const waiters = new Map<string, Set<() => void>>();

  async function exitOf(id: string, bundle: string, cgroup: string): Promise<ContainerExit | null> {
    const file = await readExitFile(join(deps.directory, id));
    if (!file) return null;
    // conmon's note, or the kernel's own count when conmon was too late to see it.
    const oomKilled = existsSync(join(bundle, 'oom')) || cgroupOomKilled(deps.cgroups, cgroup);
    return { id, exitCode: file.exitCode, oomKilled, finishedAt: formatNano(file.finishedAtNs) };
  }

  function tell(live: Live, exit: ContainerExit): void {
    if (live.exited) return;
    live.exited = true;
    for (const wake of waiters.get(live.id) ?? []) wake();
    waiters.delete(live.id);
    for (const listener of listeners) {
      try {
        listener(exit);
      } catch (error) {
        deps.warn({ err: error, id: live.id }, 'a listener for exits failed');
      }
    }
  }

  async function check(live: Live): Promise<boolean> {
    if (live.exited) return true;
    const exit = await exitOf(live.id, live.bundle, live.cgroup);
    if (exit) tell(live, exit);
    return live.exited;
  }

  async function sweep(): Promise<void> {
    for (const live of deps.live.values()) {
      if ((await check(live)) || isAlive(live.pid, live.pidStartTime) || conmonPid(live.bundle) !== 0) continue;
      // Between our two looks conmon may have written the file and ended.
      if (await check(live)) continue;
      const oomKilled = cgroupOomKilled(deps.cgroups, live.cgroup);
      tell(live, { id: live.id, exitCode: UNKNOWN_EXIT, oomKilled, finishedAt: formatNano(nowNano()) });
    }
  }

  const failed = (error: unknown) => deps.warn({ err: error }, 'looking for exits failed');
  const watch = createFileWatch(deps.directory, failed);
  watch.onAny((name) => {
    const live = deps.live.get(name);
    if (live && !live.exited) check(live).catch(failed);
  });
  let sweeping = false;
  const timer = setInterval(() => {
    if (sweeping) return;
    sweeping = true;
    sweep()
      .catch(failed)
      .finally(() => {
        sweeping = false;
      });
  }, SWEEP);
  timer.unref();

  return {
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exitOf,
    check,
    async ended(live, timeout) {
      if (await check(live)) return true;
      return new Promise((resolve) => {
        const set = waiters.get(live.id) ?? new Set();
        waiters.set(live.id, set);
        const wake = () => {
          clearTimeout(limit);
          set.delete(wake);
          resolve(live.exited);
        };
        const limit = setTimeout(wake, timeout);
        set.add(wake);
        if (live.exited) wake();
      });
    },
    close() {
      clearInterval(timer);
      watch.close();
    },
  };
}
