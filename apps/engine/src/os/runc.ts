import { access, constants } from 'node:fs/promises';
import { EngineError } from '#core/errors.ts';
import type { CgroupLayout } from './cgroup.ts';
import { type MountView, openMountView } from './mount-view.ts';
import { run, runOk } from './process.ts';

/** The OCI runtime programs, runc(8) and crun(1): which ones, and their commands. */

export type RuntimeName = 'runc' | 'crun';

/** What to execute: a program by its absolute path, and what stands before the runtime's own command. */
export type RuntimeCommand = { path: string; args: readonly string[] };

export type OciRuntime = {
  name: RuntimeName;
  /** Absolute path. */
  path: string;
  /** What it says of its version. */
  version: string;
  /** For commands on a container that exists. */
  command: RuntimeCommand;
  /** For a command that must see the host's mounts as they are now. `done` when it has ended. */
  commandNow(): RuntimeCommand & { done(): void };
};

export type OciRuntimes = {
  /** For containers that name none. */
  standard: OciRuntime;
  all: ReadonlyMap<string, OciRuntime>;
  close(): void;
};

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program, undefined when this host has none. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of DIRECTORIES) {
    const path = `${directory}/${name}`;
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // The next directory may have it.
    }
  }
  return undefined;
}

type Loaded = OciRuntime & { close(): void };

async function load(name: RuntimeName, root: string): Promise<Loaded | undefined> {
  const path = await findProgram(name);
  if (!path) return undefined;
  const text = await runOk(path, ['--version'], { timeout: 10_000 });
  const version = /version (\S+)/.exec(text)?.[1] ?? 'unknown';
  // With its log in a file runc prints plain text on stderr, which conmon and we pass on; crun does without one.
  const command = { path, args: ['--root', root, ...(name === 'runc' ? ['--log', '/dev/null'] : [])] };
  const nothing = () => undefined;
  return { name, path, version, command, commandNow: () => ({ ...command, done: nothing }), close: nothing };
}

/**
 * crun (1.8) refuses version 1 hierarchies beside the unified one: "drop all controllers from cgroupv2". Where it does
 * not see the unified one it works: it is run in a view of the mounts without it.
 */
async function loadCrun(layout: CgroupLayout, root: string, mounted: readonly string[]): Promise<Loaded | undefined> {
  const crun = await load('crun', root);
  if (!crun || !layout.hybrid || !layout.unified) return crun;
  const nsenter = await findProgram('nsenter');
  if (!nsenter) return undefined;
  const without = [layout.unified];
  const inside = (view: { path: string }): RuntimeCommand => ({
    path: nsenter,
    args: [`--mount=${view.path}`, crun.path, ...crun.command.args],
  });
  let lasting: MountView | undefined;
  try {
    lasting = openMountView({ without, detachedFrom: mounted });
    const command = inside(lasting);
    await runOk(command.path, [...command.args, '--version'], { timeout: 10_000 });
    const commandNow = () => {
      const view = openMountView({ without });
      return { ...inside(view), done: view.close };
    };
    return { ...crun, command, commandNow, close: lasting.close };
  } catch {
    lasting?.close();
    // A kernel or a confinement that does not let us have mounts of our own: runc works without.
    return undefined;
  }
}

/**
 * Both runtimes where both are there; a container may name one. `auto` prefers crun, which starts a container and an
 * exec in a fraction of runc's time. `mounted`: directories of the engine below which containers' mounts come and go.
 * Errors: `unavailable` when the wanted one is missing.
 */
export async function loadRuntimes(
  wanted: 'auto' | RuntimeName,
  layout: CgroupLayout,
  places: { root: string; mounted: readonly string[] },
): Promise<OciRuntimes> {
  const [crun, runc] = await Promise.all([loadCrun(layout, places.root, places.mounted), load('runc', places.root)]);
  const standard = wanted === 'runc' ? runc : wanted === 'crun' ? crun : (crun ?? runc);
  if (!standard) {
    const name = wanted === 'auto' ? 'runc' : wanted;
    const here = wanted === 'crun' && (await findProgram('crun')) !== undefined;
    throw new EngineError(
      'unavailable',
      here
        ? 'crun does not work with hybrid control groups on this host: choose runc'
        : `the program "${name}" is missing on this host: install the package "${name}"`,
    );
  }
  const all = new Map([[standard.name as string, standard]]);
  for (const each of [crun, runc]) if (each) all.set(each.name, each);
  const close = () => {
    crun?.close();
    runc?.close();
  };
  return { standard, all, close };
}

/** `runtime update` with the limits of a JSON file. */
export async function runtimeUpdate(runtime: OciRuntime, id: string, resources: string): Promise<void> {
  const { path, args } = runtime.command;
  const result = await run(path, [...args, 'update', '-r', resources, id], { timeout: 30_000 });
  if (result.code === 0) return;
  throw new EngineError('internal', `cannot update the container: ${result.stderr.trim().slice(-500)}`);
}
