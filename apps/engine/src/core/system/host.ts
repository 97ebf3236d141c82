import { readFile, stat, statfs } from 'node:fs/promises';
import { arch, cpus, hostname, release, totalmem } from 'node:os';

/** What does not change while the engine runs: kernel, distribution, what the cgroups can limit. */
export type HostFacts = {
  hostname: string;
  kernelVersion: string;
  operatingSystem: string;
  osVersion: string;
  /** As `uname -m` says: x86_64, aarch64. */
  machine: string;
  /** As image platforms say: amd64, arm64. */
  architecture: string;
  cpus: number;
  /** Bytes. */
  memory: number;
  cgroupVersion: '1' | '2';
  limits: {
    memory: boolean;
    swap: boolean;
    cpuCfsPeriod: boolean;
    cpuCfsQuota: boolean;
    cpuShares: boolean;
    cpuSet: boolean;
    pids: boolean;
    oomKillDisable: boolean;
  };
  ipv4Forwarding: boolean;
  /** Filesystem below the data root, in Docker's names. */
  backingFilesystem: string;
};

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', arm: 'armv7l', ia32: 'i686' };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
/** statfs(2) magic numbers, linux/magic.h. */
const FILESYSTEMS = new Map([
  [0xef53, 'extfs'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
  [0xf2f52010, 'f2fs'],
]);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** Never fails: a fact that cannot be read is the absence of it. */
export async function readHostFacts(dataRoot: string): Promise<HostFacts> {
  const release_ = await textOf('/etc/os-release');
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release_)?.[1] ?? '';
  const version2 = await exists('/sys/fs/cgroup/cgroup.controllers');
  const filesystem = await statfs(dataRoot).catch(() => null);
  return {
    hostname: hostname(),
    kernelVersion: release(),
    operatingSystem: field('PRETTY_NAME') || 'Linux',
    osVersion: field('VERSION_ID'),
    machine: MACHINES[arch()] ?? arch(),
    architecture: ARCHITECTURES[arch()] ?? arch(),
    cpus: cpus().length,
    memory: totalmem(),
    cgroupVersion: version2 ? '2' : '1',
    limits: version2 ? await limitsOfVersion2() : await limitsOfVersion1(),
    ipv4Forwarding: (await textOf('/proc/sys/net/ipv4/ip_forward')).trim() === '1',
    backingFilesystem: FILESYSTEMS.get(filesystem?.type ?? 0) ?? '<unknown>',
  };
}

async function limitsOfVersion1(): Promise<HostFacts['limits']> {
  const has = (file: string): Promise<boolean> => exists(`/sys/fs/cgroup/${file}`);
  return {
    memory: await has('memory/memory.limit_in_bytes'),
    swap: await has('memory/memory.memsw.limit_in_bytes'),
    cpuCfsPeriod: await has('cpu/cpu.cfs_period_us'),
    cpuCfsQuota: await has('cpu/cpu.cfs_quota_us'),
    cpuShares: await has('cpu/cpu.shares'),
    cpuSet: await has('cpuset/cpuset.cpus'),
    pids: await has('pids/cgroup.procs'),
    oomKillDisable: await has('memory/memory.oom_control'),
  };
}

async function limitsOfVersion2(): Promise<HostFacts['limits']> {
  const controllers = new Set((await textOf('/sys/fs/cgroup/cgroup.controllers')).trim().split(' '));
  const memory = controllers.has('memory');
  const cpu = controllers.has('cpu');
  return {
    memory,
    swap: memory && (await textOf('/proc/swaps')) !== '',
    cpuCfsPeriod: cpu,
    cpuCfsQuota: cpu,
    cpuShares: cpu,
    cpuSet: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    oomKillDisable: false,
  };
}
