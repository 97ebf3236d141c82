import { existsSync, readFileSync } from 'node:fs';
import { unusableArchitectures } from '#os/abi.ts';
import type { CgroupLayout } from '#os/cgroup.ts';
import { controllerHas } from '#os/cgroup-stats.ts';
import { findProgram } from '#os/runc.ts';
import { ownCapabilities } from './capabilities.ts';
import { ownLimits } from './limits.ts';
import { createDefaultSeccomp } from './seccomp.ts';
import type { SpecHost } from './spec.ts';

/** Static programs that may be pid 1 of a container (`--init`); the first that exists is taken. */
const INITS = ['docker-init', 'tini-static', 'catatonit'];

/** Docker's defaults for a network of a container's own: low ports and ping without privileges. */
const NETWORK_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

const exists = (sysctl: string): boolean => existsSync(`/proc/sys/${sysctl.replaceAll('.', '/')}`);

export async function detectHost(options: {
  cgroups: CgroupLayout;
  cgroupParent: string;
  seccompProfile: string;
  warn: (text: string) => void;
}): Promise<SpecHost> {
  const { cgroups } = options;
  const has = (controller: string, file: string): boolean => controllerHas(cgroups, controller, file);
  let init: string | undefined;
  for (const name of INITS) init ??= await findProgram(name);
  return {
    cgroupParent: options.cgroupParent,
    capabilities: ownCapabilities(),
    limits: ownLimits(),
    support: {
      cgroupVersion: cgroups.version,
      // The root group of version 2 has no limits to look at: its swap file tells only of the kernel below.
      swap: cgroups.version === 2 ? existsSync('/proc/swaps') : has('memory', 'memory.memsw.limit_in_bytes'),
      blkioWeight: cgroups.version === 2 || has('blkio', 'blkio.weight') || has('blkio', 'blkio.bfq.weight'),
      realtime: has('cpu', 'cpu.rt_runtime_us'),
    },
    defaultSeccomp: createDefaultSeccomp(options.seccompProfile, unusableArchitectures()),
    apparmor: existsSync('/sys/kernel/security/apparmor/profiles'),
    init,
    oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'latin1')),
    networkSysctls: Object.fromEntries(Object.entries(NETWORK_SYSCTLS).filter(([key]) => exists(key))),
    warn: options.warn,
  };
}
