import type { ContainerStats } from 'dockerode';
import type { StatsSample } from '#contract/realtime.ts';
import type { Dockerode } from './dockerode.ts';

const PERIOD_MS = 2_000;
/** A rate needs two readings: the second one soon, so that who opens a list does not wait a whole period for it. */
const FIRST_PERIOD_MS = 400;
/** Requests to a host at a time. */
const AT_ONCE = 8;

/** One sampler per host, shared by all who look; none when nobody does. */
export function createStatsSampler(deps: {
  docker(host: string): Dockerode;
  sample?(host: string): Promise<StatsSample[]> | null;
  deliver(host: string, samples: StatsSample[]): void;
  onError(host: string, error: unknown): void;
}) {
  const hosts = new Map<
    string,
    { users: number; timer: NodeJS.Timeout | undefined; before: Map<string, ContainerStats>; period: number }
  >();

  const tick = async (host: string): Promise<void> => {
    const state = hosts.get(host);
    if (!state) return;
    const began = performance.now();
    try {
      const samples = await (deps.sample?.(host) ?? overApi(deps.docker(host), state.before));
      if (hosts.get(host) === state) deps.deliver(host, samples);
    } catch (error) {
      deps.onError(host, error);
    }
    if (hosts.get(host) !== state) return;
    state.timer = setTimeout(() => void tick(host), Math.max(0, state.period - (performance.now() - began))).unref();
    state.period = PERIOD_MS;
  };

  return {
    join(host: string): void {
      const state = hosts.get(host);
      if (state) state.users += 1;
      else {
        hosts.set(host, { users: 1, timer: undefined, before: new Map(), period: FIRST_PERIOD_MS });
        void tick(host);
      }
    },
    leave(host: string): void {
      const state = hosts.get(host);
      if (!state) return;
      state.users -= 1;
      if (state.users > 0) return;
      clearTimeout(state.timer);
      hosts.delete(host);
    },
    close(): void {
      for (const state of hosts.values()) clearTimeout(state.timer);
      hosts.clear();
    },
  };
}

async function overApi(docker: Dockerode, before: Map<string, ContainerStats>): Promise<StatsSample[]> {
  const running = await docker.listContainers({ filters: { status: ['running', 'paused'] } });
  const samples: StatsSample[] = [];
  const readings = new Map<string, ContainerStats>();
  for (let from = 0; from < running.length; from += AT_ONCE) {
    const part = running.slice(from, from + AT_ONCE).map(async ({ Id }) => {
      // A container that stopped since the list was made has no usage.
      const stats = await docker
        .getContainer(Id)
        .stats({ stream: false, 'one-shot': true })
        .catch(() => null);
      if (stats === null || stats.memory_stats.usage === undefined) return;
      samples.push(toSample(Id, stats, before.get(Id)));
      readings.set(Id, stats);
    });
    await Promise.all(part);
  }
  before.clear();
  for (const [id, stats] of readings) before.set(id, stats);
  return samples;
}

function toSample(id: string, stats: ContainerStats, before: ContainerStats | undefined): StatsSample {
  const { usage, limit } = stats.memory_stats;
  const counters = stats.memory_stats.stats as { total_inactive_file?: number; inactive_file?: number } | undefined;
  const cache = counters?.total_inactive_file ?? counters?.inactive_file ?? 0;
  const networks = Object.values(stats.networks ?? {});
  const blocks = stats.blkio_stats?.io_service_bytes_recursive ?? [];
  const blockSum = (op: string): number =>
    blocks.filter((each) => each.op.toLowerCase() === op).reduce((sum, each) => sum + each.value, 0);
  return {
    id,
    at: Date.now(),
    cpuPercent: before === undefined ? 0 : cpuPercent(before, stats),
    memoryUsage: cache < usage ? usage - cache : usage,
    memoryLimit: limit,
    networkRx: networks.reduce((sum, each) => sum + each.rx_bytes, 0),
    networkTx: networks.reduce((sum, each) => sum + each.tx_bytes, 0),
    blockRead: blockSum('read'),
    blockWrite: blockSum('write'),
    pids: stats.pids_stats?.current ?? 0,
  };
}

function cpuPercent(before: ContainerStats, now: ContainerStats): number {
  const used = now.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage;
  const host = now.cpu_stats.system_cpu_usage - before.cpu_stats.system_cpu_usage;
  return used > 0 && host > 0 ? (used / host) * now.cpu_stats.online_cpus * 100 : 0;
}
