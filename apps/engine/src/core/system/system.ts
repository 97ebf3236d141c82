import type { ContainerRecord } from '#core/containers/types.ts';
import { type HostFacts, readHostFacts } from './host.ts';

/** What the engine is made of; found out once, at boot. */
export type EngineFacts = {
  /** Stays the same for one data root. */
  id: string;
  version: string;
  gitCommit: string;
  /** RFC 3339. */
  buildTime: string;
  dataRoot: string;
  /** Key of `runtimes`. */
  defaultRuntime: string;
  /** By name: `runc`, `crun`. */
  runtimes: ReadonlyMap<string, { path: string; version: string }>;
  conmonVersion: string;
  seccompProfile: string;
  registries: { mirrors: readonly string[]; insecure: readonly string[] };
  debug: boolean;
};

export type SystemInfo = {
  engine: EngineFacts;
  host: HostFacts;
  containers: { total: number; running: number; paused: number; stopped: number };
  images: number;
  eventListeners: number;
  openFiles: number;
  warnings: string[];
};

export type System = {
  readonly engine: EngineFacts;
  readonly host: HostFacts;
  info(): Promise<SystemInfo>;
};

export type SystemDeps = {
  engine: EngineFacts;
  containers: { all(): readonly ContainerRecord[] };
  images: { count(): number };
  /** Number of subscribers to events and of open files, when known. */
  counters?: { eventListeners(): number; openFiles(): Promise<number> };
};

/** Facts about engine and host. Siblings: containers (types). */
export async function createSystem({ engine, containers, images, counters }: SystemDeps): Promise<System> {
  const host = await readHostFacts(engine.dataRoot);
  const warnings = warningsOf(host);
  return {
    engine,
    host,
    async info() {
      const counts = { total: 0, running: 0, paused: 0, stopped: 0 };
      for (const { state } of containers.all()) {
        counts.total += 1;
        if (state.status === 'running' || state.status === 'restarting') counts.running += 1;
        else if (state.status === 'paused') counts.paused += 1;
        else counts.stopped += 1;
      }
      return {
        engine,
        host,
        containers: counts,
        images: images.count(),
        eventListeners: counters?.eventListeners() ?? 0,
        openFiles: (await counters?.openFiles()) ?? 0,
        warnings,
      };
    },
  };
}

/** What the host cannot do, in Docker's words. */
function warningsOf({ limits, ipv4Forwarding }: HostFacts): string[] {
  const checks: [boolean, string][] = [
    [limits.memory, 'No memory limit support'],
    [limits.swap, 'No swap limit support'],
    [limits.cpuCfsPeriod && limits.cpuCfsQuota, 'No cpu cfs quota support'],
    [limits.cpuShares, 'No cpu shares support'],
    [limits.cpuSet, 'No cpuset support'],
    [limits.pids, 'No pids limit support'],
    [ipv4Forwarding, 'IPv4 forwarding is disabled'],
  ];
  return checks.filter(([present]) => !present).map(([, text]) => `WARNING: ${text}`);
}
