import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OciProcess, OciSpec } from './oci.ts';
import { HOME_ANNOTATION } from './spec.ts';

/** Where the runtime keeps its files: all below the run directory, gone after a reboot like what they describe. */
export type RuntimePaths = {
  bundles: string;
  exits: string;
  execs: string;
  state: string;
};

export const runtimePaths = (runDir: string): RuntimePaths => ({
  bundles: join(runDir, 'c'),
  exits: join(runDir, 'exits'),
  execs: join(runDir, 'execs'),
  state: join(runDir, 'runtime'),
});

export async function makePaths(paths: RuntimePaths): Promise<void> {
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true, mode: 0o700 });
}

/** What is remembered of a container while it exists in the kernel. */
export type Live = {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly cgroup: string;
  readonly terminal: boolean;
  /** False with the host's network, whose counters are not the container's. */
  readonly ownNetwork: boolean;
  /** Of the main process; its HOME only when the user gave it. */
  readonly process: OciProcess;
  pid: number;
  pidStartTime: number;
  exited: boolean;
};

export function liveFrom(id: string, bundle: string, spec: OciSpec, pid: number, pidStartTime: number): Live {
  const found = spec.annotations?.[HOME_ANNOTATION] === 'found';
  const env = found ? spec.process.env.filter((line) => !line.startsWith('HOME=')) : spec.process.env;
  return {
    id,
    bundle,
    rootfs: spec.root.path,
    cgroup: spec.linux.cgroupsPath,
    terminal: spec.process.terminal,
    ownNetwork: spec.linux.namespaces.some(({ type }) => type === 'network'),
    process: { ...spec.process, env },
    pid,
    pidStartTime,
    exited: false,
  };
}

export async function writeSpec(bundle: string, spec: OciSpec): Promise<void> {
  await writeFile(join(bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
}

/** The spec of a bundle that an engine before us wrote; null when it is incomplete. */
export function readSpec(bundle: string): OciSpec | null {
  try {
    const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as OciSpec;
    return spec.root?.path && spec.linux?.cgroupsPath && spec.process ? spec : null;
  } catch {
    return null;
  }
}
