import type { ResourceLimits } from '#core/containers/ports.ts';
import type { HostConfig } from '#core/containers/types.ts';
import { blockDevice, throttles } from './devices.ts';
import type { OciResources } from './oci.ts';

/** What this kernel can limit. What it cannot is left out with a warning, as Docker does. */
export type LimitSupport = {
  cgroupVersion: 1 | 2;
  swap: boolean;
  blkioWeight: boolean;
  realtime: boolean;
};

/** CFS period for `--cpus`; microseconds. */
const CPU_PERIOD = 100_000;

function cpu(limits: ResourceLimits, support: LimitSupport): OciResources['cpu'] {
  const nano = limits.NanoCpus > 0;
  const quota = nano ? Math.round((limits.NanoCpus * CPU_PERIOD) / 1e9) : limits.CpuQuota;
  const period = nano ? CPU_PERIOD : limits.CpuPeriod;
  return {
    ...(limits.CpuShares > 0 ? { shares: limits.CpuShares } : {}),
    ...(quota !== 0 ? { quota } : {}),
    ...(period > 0 ? { period } : {}),
    ...(limits.CpusetCpus ? { cpus: limits.CpusetCpus } : {}),
    ...(limits.CpusetMems ? { mems: limits.CpusetMems } : {}),
    ...(support.realtime && limits.CpuRealtimePeriod > 0 ? { realtimePeriod: limits.CpuRealtimePeriod } : {}),
    ...(support.realtime && limits.CpuRealtimeRuntime > 0 ? { realtimeRuntime: limits.CpuRealtimeRuntime } : {}),
  };
}

function memory(
  limits: Pick<ResourceLimits, 'Memory' | 'MemorySwap' | 'MemoryReservation'>,
  support: LimitSupport,
): NonNullable<OciResources['memory']> {
  // 0 for swap is Docker's default: as much again as memory.
  const swap = limits.MemorySwap === 0 && limits.Memory > 0 ? limits.Memory * 2 : limits.MemorySwap;
  return {
    ...(limits.Memory > 0 ? { limit: limits.Memory } : {}),
    ...(limits.MemoryReservation > 0 ? { reservation: limits.MemoryReservation } : {}),
    ...(support.swap && swap !== 0 && limits.Memory > 0 ? { swap } : {}),
  };
}

/** Limits as `runtime update` takes them; what is 0 or empty stays as it is. */
export function updateResources(limits: ResourceLimits, support: LimitSupport): OciResources {
  return {
    cpu: cpu(limits, support),
    memory: memory(limits, support),
    // No limit is not a number that both runtimes take: see cgroupUnlimitPids.
    ...(limits.PidsLimit && limits.PidsLimit > 0 ? { pids: { limit: limits.PidsLimit } } : {}),
    ...(limits.BlkioWeight > 0 && support.blkioWeight ? { blockIO: { weight: limits.BlkioWeight } } : {}),
  };
}

function blockIo(host: HostConfig, support: LimitSupport): OciResources['blockIO'] {
  const weights = support.blkioWeight ? (host.BlkioWeightDevice ?? []) : [];
  return {
    ...(host.BlkioWeight > 0 && support.blkioWeight ? { weight: host.BlkioWeight } : {}),
    ...(weights.length > 0
      ? { weightDevice: weights.map(({ Path, Weight }) => ({ ...blockDevice(Path), weight: Weight })) }
      : {}),
    throttleReadBpsDevice: throttles(host.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttles(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttles(host.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttles(host.BlkioDeviceWriteIOps),
  };
}

/** All limits of a new container, without its device rules. */
export function resourcesOf(host: HostConfig, support: LimitSupport, warn: (text: string) => void): OciResources {
  if (host.MemorySwap !== 0 && host.Memory > 0 && !support.swap)
    warn('this kernel does not count swap: its limit is not set');
  if (host.BlkioWeight > 0 && !support.blkioWeight) warn('this kernel has no block I/O weights: the weight is not set');
  const swappiness = host.MemorySwappiness ?? -1;
  return {
    cpu: cpu(host, support),
    memory: {
      ...memory(host, support),
      ...(swappiness >= 0 && support.cgroupVersion === 1 ? { swappiness } : {}),
      ...(host.OomKillDisable && support.cgroupVersion === 1 ? { disableOOMKiller: true } : {}),
    },
    ...(host.PidsLimit && host.PidsLimit > 0 ? { pids: { limit: host.PidsLimit } } : {}),
    blockIO: blockIo(host, support),
  };
}
