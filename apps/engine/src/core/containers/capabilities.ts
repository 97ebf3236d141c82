import { EngineError } from '#core/errors.ts';

/** capabilities(7) of Linux 5.9 and later. */
const known = new Set(
  (
    'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
    'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
    'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
    'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
  )
    .split(' ')
    .map((name) => `CAP_${name}`),
);

/** Upper case with the prefix, as inspect shows them; `ALL` stays. */
export function normaliseCapabilities(
  field: 'CapAdd' | 'CapDrop',
  names: string[] | null | undefined,
): string[] | null {
  if (!names || names.length === 0) return names ?? null;
  const out = new Set<string>();
  for (const name of names) {
    const upper = name.toUpperCase();
    if (upper === 'ALL') {
      out.add('ALL');
      continue;
    }
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!known.has(full)) {
      throw new EngineError('invalid_argument', `invalid ${field}: unknown capability: ${JSON.stringify(full)}`);
    }
    out.add(full);
  }
  return [...out];
}
