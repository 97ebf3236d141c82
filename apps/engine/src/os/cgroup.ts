import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '#core/errors.ts';
import { type MountInfo, readMounts } from './mount.ts';
import { signalProcess } from './proc.ts';

/**
 * Control groups in both forms: version 1 (one hierarchy per controller, with
 * or without the unified one beside them: "hybrid") and version 2. Paths are
 * those of the OCI spec's `cgroupsPath`: absolute from the root of each
 * hierarchy.
 */

export type CgroupLayout = {
  version: 1 | 2;
  /** Version 1 with the unified hierarchy mounted too. */
  hybrid: boolean;
  /** Where each controller (`memory`, `name=systemd`, …) is mounted; version 1. */
  controllers: ReadonlyMap<string, string>;
  /** Mount point of the unified hierarchy, if there is one. */
  unified: string | undefined;
};

export function detectCgroups(mounts: readonly MountInfo[] = readMounts()): CgroupLayout {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const mount of mounts) {
    if (mount.type === 'cgroup2') unified ??= mount.mountPoint;
    if (mount.type !== 'cgroup') continue;
    for (const option of mount.superOptions) {
      if (option !== 'rw' && option !== 'ro' && !controllers.has(option)) controllers.set(option, mount.mountPoint);
    }
  }
  const version = controllers.has('memory') || controllers.has('pids') || unified === undefined ? 1 : 2;
  return { version, hybrid: version === 1 && unified !== undefined, controllers, unified };
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
};

/** Every directory that the group has, one per hierarchy. */
export function cgroupDirectories(layout: CgroupLayout, path: string): string[] {
  const roots = new Set(layout.controllers.values());
  if (layout.unified) roots.add(layout.unified);
  return [...roots].map((root) => join(root, path));
}

/** The directory that is asked about processes, and, in version 2, about everything. */
function mainDirectory(layout: CgroupLayout, path: string, controller: string): string | null {
  const root = layout.version === 2 ? layout.unified : layout.controllers.get(controller);
  return root ? join(root, path) : null;
}

function walkGroups(directory: string, visit: (directory: string) => void): void {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return;
  }
  for (const name of names) walkGroups(join(directory, name), visit);
  visit(directory);
}

/** Host pids of the group's processes and those of groups below it. */
export function cgroupPids(layout: CgroupLayout, path: string): number[] {
  const directory = mainDirectory(layout, path, 'pids') ?? mainDirectory(layout, path, 'memory');
  if (!directory) return [];
  const pids: number[] = [];
  walkGroups(directory, (each) => {
    for (const line of read(join(each, 'cgroup.procs'))?.split('\n') ?? []) if (line) pids.push(Number(line));
  });
  return pids.sort((a, b) => a - b);
}

/** As many processes as the host has room for. */
export async function cgroupUnlimitPids(layout: CgroupLayout, path: string): Promise<void> {
  const directory = mainDirectory(layout, path, 'pids');
  if (directory) await writeFile(join(directory, 'pids.max'), 'max');
}

/** Names of the groups directly below a group, in any hierarchy. */
export function cgroupChildren(layout: CgroupLayout, path: string): string[] {
  const names = new Set<string>();
  for (const directory of cgroupDirectories(layout, path)) {
    try {
      for (const entry of readdirSync(directory, { withFileTypes: true }))
        if (entry.isDirectory()) names.add(entry.name);
    } catch {
      // The group need not exist in every hierarchy.
    }
  }
  return [...names];
}

/** Has a process of the group been killed for want of memory? Counted by the kernel. */
export function cgroupOomKilled(layout: CgroupLayout, path: string): boolean {
  const directory = mainDirectory(layout, path, 'memory');
  const file = layout.version === 2 ? 'memory.events' : 'memory.oom_control';
  const text = directory ? read(join(directory, file)) : null;
  return /^oom_kill [1-9]/m.test(text ?? '');
}

/** Freezer state as the kernel reports it. */
export function cgroupFrozen(layout: CgroupLayout, path: string): boolean {
  const directory = mainDirectory(layout, path, 'freezer');
  if (!directory) return false;
  if (layout.version === 2) return /^frozen 1/m.test(read(join(directory, 'cgroup.events')) ?? '');
  return (read(join(directory, 'freezer.state')) ?? '').trim() === 'FROZEN';
}

/** How long the kernel may take until every task stands still. */
const FREEZE_TIMEOUT = 5000;

/** Stops or continues all processes of the group and waits until they do. */
export async function cgroupFreeze(layout: CgroupLayout, path: string, frozen: boolean): Promise<void> {
  const directory = mainDirectory(layout, path, 'freezer');
  if (!directory) throw new EngineError('unavailable', 'this kernel has no freezer: containers cannot be paused');
  const [file, value] =
    layout.version === 2 ? ['cgroup.freeze', frozen ? '1' : '0'] : ['freezer.state', frozen ? 'FROZEN' : 'THAWED'];
  const give = () => writeFileSync(join(directory, file), value);
  const until = Date.now() + FREEZE_TIMEOUT;
  try {
    give();
    for (let pause = 1; cgroupFrozen(layout, path) !== frozen; pause = Math.min(pause * 2, 50)) {
      if (Date.now() > until) throw new EngineError('internal', 'the processes of the container did not stand still');
      await delay(pause);
      // In version 1 a fork during freezing leaves the state FREEZING until it is written again.
      if (layout.version === 1) give();
    }
  } catch (cause) {
    if (frozen) {
      try {
        writeFileSync(join(directory, file), layout.version === 2 ? '0' : 'THAWED');
      } catch {
        // The group is gone, and with it what was to be frozen.
      }
    }
    if (cause instanceof EngineError) throw cause;
    throw new EngineError('internal', 'cannot freeze the container', { cause });
  }
}

/** SIGKILL to every process of the group, frozen or not. True when there was one. */
export function cgroupKill(layout: CgroupLayout, path: string): boolean {
  const pids = cgroupPids(layout, path);
  for (const pid of pids) signalProcess(pid, 'SIGKILL');
  const freezer = mainDirectory(layout, path, 'freezer');
  if (pids.length > 0 && freezer) {
    try {
      // A frozen process dies only after it is thawed.
      writeFileSync(
        join(freezer, layout.version === 2 ? 'cgroup.freeze' : 'freezer.state'),
        layout.version === 2 ? '0' : 'THAWED',
      );
    } catch {
      // Gone already.
    }
  }
  return pids.length > 0;
}

const REMOVE_TIMEOUT = 10_000;

/** Kills what is left in the group and removes it from every hierarchy. Idempotent. */
export async function cgroupRemove(layout: CgroupLayout, path: string): Promise<void> {
  const until = Date.now() + REMOVE_TIMEOUT;
  for (let pause = 1; ; pause = Math.min(pause * 2, 100)) {
    cgroupKill(layout, path);
    let busy = '';
    for (const directory of cgroupDirectories(layout, path)) {
      walkGroups(directory, (each) => {
        try {
          rmdirSync(each);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') busy = each;
        }
      });
    }
    if (!busy) return;
    if (Date.now() > until) throw new EngineError('internal', `the control group ${path} still has processes`);
    await delay(pause);
  }
}

/** Removes groups that have become empty, from this one up to but not including `top`. */
export function cgroupPrune(layout: CgroupLayout, path: string, top: string): void {
  const prefix = top === '/' ? top : `${top}/`;
  for (let each = path; each !== top && each.startsWith(prefix); each = dirname(each)) {
    for (const directory of cgroupDirectories(layout, each)) {
      try {
        rmdirSync(directory);
      } catch {
        // Another container is in it, or it was never made in this hierarchy.
      }
    }
  }
}

/**
 * Puts a supervisor into a group of its own in the hierarchy by which an init
 * system tracks services, so that stopping the engine's service leaves it.
 * Takes milliseconds in the kernel: not for a critical path.
 */
export async function cgroupAdopt(layout: CgroupLayout, path: string, pid: number): Promise<void> {
  const root = layout.version === 2 ? layout.unified : layout.controllers.get('name=systemd');
  if (!root) return;
  try {
    await mkdir(join(root, path), { recursive: true });
    await writeFile(join(root, path, 'cgroup.procs'), String(pid));
  } catch {
    // It ended meanwhile, or the hierarchy is read-only: then nothing tracks it either.
  }
}
