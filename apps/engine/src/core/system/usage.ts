import { totalmem } from 'node:os';
import type { Runtime, RuntimeStats } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';

/** Two readings of one container's counters; `before` null when there is no earlier one. */
export type UsagePair = { now: RuntimeStats; before: RuntimeStats | null };

/** What a container uses now; bytes, and percent of one CPU (200: two CPUs full). */
export type UsageSample = {
  id: string;
  /** Milliseconds since the epoch. */
  at: number;
  cpuPercent: number;
  memoryUsage: number;
  memoryLimit: number;
  networkRx: number;
  networkTx: number;
  blockRead: number;
  blockWrite: number;
  pids: number;
};

export type Usage = {
  /** Counters now, and those of the reading before when it is recent. Null when the container does not run. */
  read(id: string): Promise<UsagePair | null>;
  /** The same with a `before` in any case: takes two readings a moment apart when it must. */
  readPair(id: string, signal?: AbortSignal): Promise<UsagePair | null>;
  /** All running containers at once, or those given. CPU since the sampler's reading before; left out at the first. */
  sample(ids?: readonly string[]): Promise<UsageSample[]>;
};

export type UsageDeps = {
  runtime: Pick<Runtime, 'stats'>;
  containers: { all(): readonly ContainerRecord[] };
};

/** An older reading says nothing about now. */
const RECENT_NS = 10_000_000_000n;
/** Two readings closer than this differ by the kernel's clock ticks rather than by the container's work. */
const APART_NS = 200_000_000n;
/** Short enough to answer at once, ten of the kernel's clock ticks long. */
const MOMENT_MS = 40;
/** Readings of containers that are gone are dropped when there are more than this. */
const MAX_KEPT = 4096;
/** Containers read at a time: each reading opens about ten files. */
const AT_ONCE = 8;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Readings of what containers use. Siblings: containers (types and the runtime port). */
export function createUsage({ runtime, containers }: UsageDeps): Usage {
  const latest = new Map<string, RuntimeStats>();

  const take = async (id: string): Promise<RuntimeStats | null> => {
    const stats = await runtime.stats(id);
    if (stats === null) {
      latest.delete(id);
      return null;
    }
    return bounded(stats);
  };

  const keep = (id: string, stats: RuntimeStats): void => {
    latest.delete(id);
    latest.set(id, stats);
    if (latest.size <= MAX_KEPT) return;
    for (const oldest of latest.keys()) {
      latest.delete(oldest);
      break;
    }
  };

  const recent = (id: string, now: RuntimeStats): RuntimeStats | null => {
    const before = latest.get(id);
    if (before === undefined) return null;
    const age = now.readAt - before.readAt;
    // Counters that went back belong to an earlier run of the container.
    return age >= APART_NS && age <= RECENT_NS && before.cpu.totalNs <= now.cpu.totalNs ? before : null;
  };

  const read = async (id: string): Promise<UsagePair | null> => {
    const now = await take(id);
    if (now === null) return null;
    const before = recent(id, now);
    if (before !== null || !latest.has(id)) keep(id, now);
    else if (now.readAt - (latest.get(id) as RuntimeStats).readAt > RECENT_NS) keep(id, now);
    return { now: before === null ? now : steady(before, now), before };
  };

  const samplerBefore = new Map<string, RuntimeStats>();
  const sampleOne = async (id: string): Promise<UsageSample | null> => {
    const now = await take(id);
    if (now === null) return null;
    const before = samplerBefore.get(id);
    samplerBefore.set(id, now);
    const cpu = before === undefined ? 0 : cpuPercent(before, now);
    return toSample(id, now, cpu);
  };

  return {
    read,
    async readPair(id, signal) {
      const first = await read(id);
      if (first === null || first.before !== null) return first;
      await pause(MOMENT_MS);
      signal?.throwIfAborted();
      const second = await take(id);
      return second === null ? null : { now: steady(first.now, second), before: first.now };
    },
    async sample(ids) {
      const running = containers.all().filter(({ state }) => state.status === 'running' || state.status === 'paused');
      const wanted = ids === undefined ? null : new Set(ids);
      const chosen = running.map(({ id }) => id).filter((id) => wanted === null || wanted.has(id));
      const samples: UsageSample[] = [];
      for (let from = 0; from < chosen.length; from += AT_ONCE) {
        const part = await Promise.all(chosen.slice(from, from + AT_ONCE).map(sampleOne));
        for (const sample of part) if (sample !== null) samples.push(sample);
      }
      const alive = new Set(running.map(({ id }) => id));
      for (const id of samplerBefore.keys()) if (!alive.has(id)) samplerBefore.delete(id);
      return samples;
    },
  };
}

/** A container without a limit may use what the machine has. */
function bounded(stats: RuntimeStats): RuntimeStats {
  const total = totalmem();
  if (stats.memory.limit > 0 && stats.memory.limit <= total) return stats;
  return { ...stats, memory: { ...stats.memory, limit: total } };
}

/**
 * Host CPU time counts in ticks of 10 ms, too coarse for two readings a moment apart. It grows by the number of CPUs
 * per second, so the second reading's is computed from the first's.
 */
function steady(before: RuntimeStats, now: RuntimeStats): RuntimeStats {
  return { ...now, hostCpuNs: before.hostCpuNs + Number(now.readAt - before.readAt) * now.onlineCpus };
}

function cpuPercent(before: RuntimeStats, now: RuntimeStats): number {
  const elapsed = Number(now.readAt - before.readAt);
  const used = now.cpu.totalNs - before.cpu.totalNs;
  return elapsed > 0 && used > 0 ? (used / elapsed) * 100 : 0;
}

/** Memory as `docker stats` shows it: without the page cache that the kernel would give back first. */
export function memoryInUse({ memory }: RuntimeStats): number {
  const cache = memory.stats.total_inactive_file ?? memory.stats.inactive_file ?? 0;
  return cache < memory.usage ? memory.usage - cache : memory.usage;
}

function toSample(id: string, stats: RuntimeStats, cpu: number): UsageSample {
  let networkRx = 0;
  let networkTx = 0;
  for (const each of Object.values(stats.networks)) {
    networkRx += each.rxBytes;
    networkTx += each.txBytes;
  }
  return {
    id,
    at: Number(stats.readAt / 1_000_000n),
    cpuPercent: cpu,
    memoryUsage: memoryInUse(stats),
    memoryLimit: stats.memory.limit,
    networkRx,
    networkTx,
    blockRead: stats.blkio.read,
    blockWrite: stats.blkio.write,
    pids: stats.pids.current,
  };
}
