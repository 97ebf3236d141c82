import { access, constants } from 'node:fs/promises';
import { EngineError } from '#core/errors.ts';
import type { CgroupLayout } from './cgroup.ts';
import { run, runOk } from './process.ts';

/** The OCI runtime programs, runc(8) and crun(1): which one, and their commands. */

export type OciRuntime = {
  name: 'runc' | 'crun';
  /** Absolute path. */
  path: string;
  /** What it says of its version. */
  version: string;
  /** Before every command: where it keeps its state. */
  globalArgs: readonly string[];
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

async function load(name: 'runc' | 'crun', root: string): Promise<OciRuntime> {
  const path = await findProgram(name);
  if (!path) {
    throw new EngineError(
      'unavailable',
      `the program "${name}" is missing on this host: install the package "${name}"`,
    );
  }
  const text = await runOk(path, ['--version'], { timeout: 10_000 });
  const version = /version (\S+)/.exec(text)?.[1] ?? 'unknown';
  // With its log in a file the runtime prints plain text on stderr, which conmon and we pass on.
  return { name, path, version, globalArgs: ['--root', root, '--log', '/dev/null'] };
}

/**
 * crun starts faster but (1.8) refuses version 1 hierarchies beside the unified
 * one: "drop all controllers from cgroupv2". `auto` takes it where it works.
 */
export async function chooseRuntime(
  wanted: 'auto' | 'runc' | 'crun',
  layout: CgroupLayout,
  root: string,
): Promise<OciRuntime> {
  if (wanted === 'crun' && layout.hybrid) {
    throw new EngineError('unavailable', 'crun does not work with hybrid control groups on this host: choose runc');
  }
  if (wanted !== 'auto') return load(wanted, root);
  if (!layout.hybrid && (await findProgram('crun'))) return load('crun', root);
  return load('runc', root);
}

/** `runtime update` with the limits as JSON on stdin. */
export async function runtimeUpdate(runtime: OciRuntime, id: string, resources: unknown): Promise<void> {
  const args = [...runtime.globalArgs, 'update', '-r', '-', id];
  const result = await run(runtime.path, args, { input: JSON.stringify(resources), timeout: 30_000 });
  if (result.code === 0) return;
  throw new EngineError('internal', `cannot update the container: ${result.stderr.trim().slice(-500)}`);
}

/** For crun, whose FIFO works the other way round; runc's is opened directly. */
export async function runtimeStart(runtime: OciRuntime, id: string): Promise<void> {
  await runOk(runtime.path, [...runtime.globalArgs, 'start', id], { timeout: 30_000 });
}
