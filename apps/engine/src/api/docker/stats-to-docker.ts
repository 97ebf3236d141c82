import type { RuntimeStats } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import type { UsagePair } from '#core/system/usage.ts';
import { formatNano, ZERO_TIME } from '#lib/time.ts';

const NO_CPU = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};
const NO_BLKIO = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function cpu(stats: RuntimeStats) {
  return {
    cpu_usage: {
      total_usage: stats.cpu.totalNs,
      // Version 1 of cgroups counts each CPU apart.
      ...(stats.cpu.perCpuNs.length > 0 ? { percpu_usage: stats.cpu.perCpuNs } : {}),
      usage_in_kernelmode: stats.cpu.systemNs,
      usage_in_usermode: stats.cpu.userNs,
    },
    system_cpu_usage: stats.hostCpuNs,
    online_cpus: stats.onlineCpus,
    throttling_data: {
      periods: stats.cpu.periods,
      throttled_periods: stats.cpu.throttledPeriods,
      throttled_time: stats.cpu.throttledNs,
    },
  };
}

function networks(stats: RuntimeStats) {
  const entries = Object.entries(stats.networks).map(([name, each]) => [
    name,
    {
      rx_bytes: each.rxBytes,
      rx_packets: each.rxPackets,
      rx_errors: each.rxErrors,
      rx_dropped: each.rxDropped,
      tx_bytes: each.txBytes,
      tx_packets: each.txPackets,
      tx_errors: each.txErrors,
      tx_dropped: each.txDropped,
    },
  ]);
  return entries.length === 0 ? {} : { networks: Object.fromEntries(entries) };
}

function memory({ memory: { usage, maxUsage, failcnt, limit, stats } }: RuntimeStats) {
  return {
    usage,
    ...(maxUsage > 0 ? { max_usage: maxUsage } : {}),
    ...(failcnt > 0 ? { failcnt } : {}),
    stats,
    limit,
  };
}

/** `GET /containers/{id}/stats`; null for a container that does not run: the shape with nothing in it. */
export function containerStats({ id, name }: Pick<ContainerRecord, 'id' | 'name'>, pair: UsagePair | null) {
  const who = { name: `/${name}`, id };
  if (pair === null) {
    return {
      ...who,
      read: ZERO_TIME,
      preread: ZERO_TIME,
      pids_stats: {},
      blkio_stats: NO_BLKIO,
      num_procs: 0,
      storage_stats: {},
      cpu_stats: NO_CPU,
      precpu_stats: NO_CPU,
      memory_stats: {},
    };
  }
  const { now, before } = pair;
  const { entries } = now.blkio;
  return {
    ...who,
    read: formatNano(now.readAt),
    preread: before === null ? ZERO_TIME : formatNano(before.readAt),
    pids_stats: { current: now.pids.current, ...(now.pids.limit > 0 ? { limit: now.pids.limit } : {}) },
    blkio_stats: { ...NO_BLKIO, io_service_bytes_recursive: entries.length > 0 ? entries : null },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpu(now),
    precpu_stats: before === null ? NO_CPU : cpu(before),
    memory_stats: memory(now),
    ...networks(now),
  };
}
