import { normaliseCapabilities } from './capabilities.ts';
import type { HostConfigInput, HostFacts } from './request.ts';
import type { HostConfig, PortBinding } from './types.ts';

const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
const SHM_SIZE = 64 * 1024 * 1024;

/** Keys with a protocol, bindings with both fields: the form everything else may rely on. */
function portBindings(input: HostConfigInput['PortBindings']): Record<string, PortBinding[] | null> {
  return Object.fromEntries(
    Object.entries(input ?? {}).map(([port, bindings]) => [
      port.includes('/') ? port.toLowerCase() : `${port}/tcp`,
      bindings?.map(({ HostIp, HostPort }) => ({ HostIp: HostIp ?? '', HostPort: HostPort ?? '' })) ?? null,
    ]),
  );
}

function networkMode(input: HostConfigInput, version: string): string {
  const mode = input.NetworkMode || 'default';
  if (mode !== 'default') return mode;
  // Clients before 1.44 were answered with the word they had sent.
  const [major = 1, minor = 0] = version.split('.').map(Number);
  return major > 1 || minor >= 44 ? 'bridge' : 'default';
}

/** The host configuration with every field, as inspect shows it. Values are validated afterwards, in one place. */
export function completeHostConfig(input: HostConfigInput, host: HostFacts, version: string): HostConfig {
  const memory = input.Memory ?? 0;
  const privileged = input.Privileged ?? false;
  return {
    Binds: input.Binds ?? null,
    ContainerIDFile: input.ContainerIDFile ?? '',
    LogConfig: { Type: input.LogConfig?.Type || 'json-file', Config: input.LogConfig?.Config ?? {} },
    NetworkMode: networkMode(input, version),
    PortBindings: portBindings(input.PortBindings),
    RestartPolicy: restartPolicy(input.RestartPolicy),
    AutoRemove: input.AutoRemove ?? false,
    VolumeDriver: input.VolumeDriver ?? '',
    VolumesFrom: input.VolumesFrom ?? null,
    ConsoleSize: input.ConsoleSize ?? [0, 0],
    ...(input.Annotations ? { Annotations: input.Annotations } : {}),
    CapAdd: normaliseCapabilities('CapAdd', input.CapAdd),
    CapDrop: normaliseCapabilities('CapDrop', input.CapDrop),
    CgroupnsMode: input.CgroupnsMode || (host.cgroupVersion === 2 && !privileged ? 'private' : 'host'),
    Dns: input.Dns ?? [],
    DnsOptions: input.DnsOptions ?? [],
    DnsSearch: input.DnsSearch ?? [],
    ExtraHosts: input.ExtraHosts ?? null,
    GroupAdd: input.GroupAdd ?? null,
    IpcMode: input.IpcMode || 'private',
    Cgroup: input.Cgroup ?? '',
    Links: input.Links ?? null,
    OomScoreAdj: input.OomScoreAdj ?? 0,
    PidMode: input.PidMode ?? '',
    Privileged: privileged,
    PublishAllPorts: input.PublishAllPorts ?? false,
    ReadonlyRootfs: input.ReadonlyRootfs ?? false,
    SecurityOpt: input.SecurityOpt ?? null,
    ...(input.StorageOpt ? { StorageOpt: input.StorageOpt } : {}),
    ...(input.Tmpfs && Object.keys(input.Tmpfs).length > 0 ? { Tmpfs: input.Tmpfs } : {}),
    UTSMode: input.UTSMode ?? '',
    UsernsMode: input.UsernsMode ?? '',
    ShmSize: input.ShmSize || SHM_SIZE,
    ...(input.Sysctls && Object.keys(input.Sysctls).length > 0 ? { Sysctls: input.Sysctls } : {}),
    Runtime: input.Runtime || (host.runtimes[0] ?? 'runc'),
    Isolation: input.Isolation ?? '',
    ...resourcesOf(input, memory),
    ...(input.Mounts && input.Mounts.length > 0 ? { Mounts: input.Mounts } : {}),
    MaskedPaths: input.MaskedPaths ?? (privileged ? null : MASKED_PATHS),
    ReadonlyPaths: input.ReadonlyPaths ?? (privileged ? null : READONLY_PATHS),
    ...(input.Init !== undefined && input.Init !== null ? { Init: input.Init } : {}),
  };
}

export function restartPolicy(input: HostConfigInput['RestartPolicy']): HostConfig['RestartPolicy'] {
  return {
    // An unknown name is refused by validation, which is where its text is written.
    Name: (input?.Name || 'no') as HostConfig['RestartPolicy']['Name'],
    MaximumRetryCount: input?.MaximumRetryCount ?? 0,
  };
}

function resourcesOf(input: HostConfigInput, memory: number) {
  return {
    CpuShares: input.CpuShares ?? 0,
    Memory: memory,
    NanoCpus: input.NanoCpus ?? 0,
    CgroupParent: input.CgroupParent ?? '',
    BlkioWeight: input.BlkioWeight ?? 0,
    BlkioWeightDevice: input.BlkioWeightDevice ?? [],
    BlkioDeviceReadBps: input.BlkioDeviceReadBps ?? [],
    BlkioDeviceWriteBps: input.BlkioDeviceWriteBps ?? [],
    BlkioDeviceReadIOps: input.BlkioDeviceReadIOps ?? [],
    BlkioDeviceWriteIOps: input.BlkioDeviceWriteIOps ?? [],
    CpuPeriod: input.CpuPeriod ?? 0,
    CpuQuota: input.CpuQuota ?? 0,
    CpuRealtimePeriod: input.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: input.CpuRealtimeRuntime ?? 0,
    CpusetCpus: input.CpusetCpus ?? '',
    CpusetMems: input.CpusetMems ?? '',
    Devices: input.Devices ?? [],
    DeviceCgroupRules: input.DeviceCgroupRules ?? null,
    DeviceRequests: input.DeviceRequests ?? null,
    MemoryReservation: input.MemoryReservation ?? 0,
    // Docker's default for swap: as much again as memory.
    MemorySwap: input.MemorySwap || (memory > 0 ? memory * 2 : 0),
    // The docker CLI's word for the kernel's own is -1.
    MemorySwappiness: input.MemorySwappiness === -1 ? null : (input.MemorySwappiness ?? null),
    OomKillDisable: input.OomKillDisable ?? null,
    // Docker's two words for unlimited, -1 and 0, are shown as none.
    PidsLimit: input.PidsLimit === -1 || !input.PidsLimit ? null : input.PidsLimit,
    Ulimits: input.Ulimits ?? null,
    CpuCount: input.CpuCount ?? 0,
    CpuPercent: input.CpuPercent ?? 0,
    IOMaximumIOps: input.IOMaximumIOps ?? 0,
    IOMaximumBandwidth: input.IOMaximumBandwidth ?? 0,
  };
}
