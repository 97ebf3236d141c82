import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ContainerExit, Recovered } from '#core/containers/ports.ts';
import { type CgroupLayout, cgroupChildren, cgroupFrozen, cgroupRemove } from '#os/cgroup.ts';
import { conmonChildLives, conmonPid } from '#os/conmon.ts';
import { readMounts, unmount } from '#os/mount.ts';
import { isAlive, procCommandLine } from '#os/proc.ts';
import { type Live, liveFrom, type RuntimePaths, readSpec } from './bundle.ts';

/** What the kernel and conmon's files say after the engine was away. */

export type Known = { id: string; pid: number; pidStartTime: number };

export type RecoverDeps = {
  paths: RuntimePaths;
  cgroups: CgroupLayout;
  cgroupParent: string;
  /** Host directory below which containers' roots are mounted. */
  rootfsBase: string;
  exitOf(id: string, bundle: string, cgroup: string): Promise<ContainerExit | null>;
  /** Takes over a container that lives. */
  adopt(live: Live): void;
  /** Lets the command of a container that was only created run. */
  start(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  warn(fields: object, text: string): void;
};

const ID = /^[0-9a-f]{64}$/;

/** How long conmon may take to write the log's rest and the exit file of a process that just ended. */
const EXIT_WAIT = 5000;
const EXIT_POLL = 20;

/**
 * The engine was killed after it had written that the container runs, and before its command did: the runtime's init
 * still waits at the FIFO (runc as `runc init`, crun as the `create` it was). The file alone does not tell, it is
 * removed last.
 */
const waitsForStart = (deps: RecoverDeps, id: string, pid: number): boolean =>
  existsSync(join(deps.paths.state, id, 'exec.fifo')) &&
  /(^|\/)(runc init|crun .*create )/.test(procCommandLine(pid).join(' '));

async function started(deps: RecoverDeps, id: string): Promise<boolean> {
  try {
    await deps.start(id);
    return true;
  } catch (error) {
    deps.warn({ err: error, id }, 'a start that was cut short could not be finished');
    await deps.remove(id);
    return false;
  }
}

async function recoverOne(deps: RecoverDeps, known: Known): Promise<Recovered> {
  const { id, pid, pidStartTime } = known;
  const bundle = join(deps.paths.bundles, id);
  const spec = readSpec(bundle);
  const cgroup = spec?.linux.cgroupsPath ?? join(deps.cgroupParent, id);
  const early = await deps.exitOf(id, bundle, cgroup);
  if (early) return { kind: 'exited', exit: early };
  if (spec && isAlive(pid, pidStartTime)) {
    deps.adopt(liveFrom(id, bundle, spec, pid, pidStartTime));
    if (waitsForStart(deps, id, pid) && !(await started(deps, id))) return { kind: 'lost' };
    return { kind: 'running', pid, paused: cgroupFrozen(deps.cgroups, cgroup) };
  }
  // The process is gone, its conmon may just be writing the exit file. One that lives here was never acknowledged: the
  // engine was killed while it started it.
  const dying = () => conmonPid(bundle) !== 0 && !conmonChildLives(bundle);
  for (const until = Date.now() + EXIT_WAIT; dying() && Date.now() < until; ) {
    const exit = await deps.exitOf(id, bundle, cgroup);
    if (exit) return { kind: 'exited', exit };
    await new Promise((resolve) => setTimeout(resolve, EXIT_POLL));
  }
  const late = await deps.exitOf(id, bundle, cgroup);
  if (late) return { kind: 'exited', exit: late };
  await deps.remove(id);
  return { kind: 'lost' };
}

/** Ids of control groups of containers below a group; groups of other names are `--cgroup-parent`s. */
function groupsBelow(layout: CgroupLayout, parent: string, depth = 0): string[] {
  if (depth > 8) return [];
  return cgroupChildren(layout, parent).flatMap((name) =>
    ID.test(name) ? [join(parent, name)] : groupsBelow(layout, join(parent, name), depth + 1),
  );
}

/** Removes what belongs to containers that nobody knows: processes, groups, mounts, bundles, exit files. */
async function removeLeftovers(deps: RecoverDeps, keep: ReadonlySet<string>): Promise<void> {
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      deps.warn({ err: error, what }, 'a leftover could not be removed');
    }
  };
  const names = new Set<string>();
  for (const directory of [deps.paths.bundles, deps.paths.exits, deps.paths.state]) {
    for (const name of await readdir(directory)) if (ID.test(name)) names.add(name);
  }
  for (const name of names) if (!keep.has(name)) await attempt(name, () => deps.remove(name));
  for (const path of groupsBelow(deps.cgroups, deps.cgroupParent)) {
    if (!keep.has(basename(path))) await attempt(path, () => cgroupRemove(deps.cgroups, path));
  }
  for (const name of await readdir(deps.paths.execs)) {
    await attempt(name, () => rm(join(deps.paths.execs, name), { force: true }));
  }
  const prefix = `${deps.rootfsBase}/`;
  for (const { mountPoint } of readMounts().reverse()) {
    if (!mountPoint.startsWith(prefix)) continue;
    const id = mountPoint.slice(prefix.length).split('/')[0] ?? '';
    if (!keep.has(id)) await attempt(mountPoint, () => unmount(mountPoint));
  }
}

/** See `Runtime.recover`. Exited containers keep their files until `remove`, so that a second crash loses nothing. */
export async function recover(deps: RecoverDeps, known: readonly Known[]): Promise<Map<string, Recovered>> {
  const found = new Map<string, Recovered>();
  await Promise.all(known.map(async (each) => found.set(each.id, await recoverOne(deps, each))));
  const keep = new Set([...found].filter(([, state]) => state.kind !== 'lost').map(([id]) => id));
  await removeLeftovers(deps, keep);
  return found;
}
