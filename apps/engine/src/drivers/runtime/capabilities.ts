import { readFileSync } from 'node:fs';
import { EngineError } from '#core/errors.ts';
import type { OciCapabilities } from './oci.ts';

/** capabilities(7) in the order of their bits. */
const NAMES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`);

/** Docker's fourteen. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
].map((name) => `CAP_${name}`);

/** Names of the bits of a mask as /proc/<pid>/status shows it. */
export function capabilitiesOfMask(mask: string): string[] {
  const bits = BigInt(`0x${mask}`);
  return NAMES.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}

/** What this root may hand on: its bounding set, which in a VM or a container is less than all. */
export function ownCapabilities(): string[] {
  const mask = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return capabilitiesOfMask(mask ?? '0');
}

function normalise(name: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!NAMES.includes(full)) throw new EngineError('invalid_argument', `invalid capability: "${name}"`);
  return full;
}

/**
 * The capability set that `--privileged`, `--cap-add` and `--cap-drop` ask for.
 * `ALL` and privileged mean all that this root has. A drop wins over `ALL`
 * added, an addition by name over `ALL` dropped, as in Docker.
 */
export function resolveCapabilities(request: {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
  available: readonly string[];
}): string[] {
  const add = request.add.map(normalise);
  const drop = request.drop.map(normalise);
  if (request.privileged) return [...request.available];
  let base: readonly string[] = DEFAULT_CAPABILITIES;
  if (add.includes('ALL')) base = request.available;
  else if (drop.includes('ALL')) base = [];
  const set = new Set(base.filter((name) => !drop.includes(name)));
  for (const name of add) if (name !== 'ALL') set.add(name);
  return NAMES.filter((name) => set.has(name));
}

/**
 * The five sets of a process. Another user than root gets none to begin with
 * but keeps the bound, so that a set-uid program in the image still works.
 * Inheritable and ambient stay empty (CVE-2022-24769).
 */
export function capabilitySets(names: readonly string[], isRoot: boolean): OciCapabilities {
  return {
    bounding: [...names],
    effective: isRoot ? [...names] : [],
    permitted: isRoot ? [...names] : [],
    inheritable: [],
    ambient: [],
  };
}
