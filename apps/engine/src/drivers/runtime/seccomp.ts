import { readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { EngineError } from '#core/errors.ts';
import type { OciSeccomp, OciSeccompArg } from './oci.ts';

/**
 * Seccomp profiles in Docker's format (the format of containers/common's
 * seccomp.json, too) to the OCI form: rules that depend on capabilities,
 * architecture or kernel are kept or dropped here, because OCI has no such
 * conditions.
 */

type Condition = { caps?: string[]; arches?: string[]; minKernel?: string };

type Rule = {
  name?: string;
  names?: string[];
  action?: string;
  errnoRet?: number;
  args?: OciSeccompArg[] | null;
  includes?: Condition;
  excludes?: Condition;
};

type Profile = {
  defaultAction?: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  archMap?: { architecture: string; subArchitectures?: string[] | null }[];
  flags?: string[];
  syscalls?: Rule[] | null;
};

/** Node's name of the machine → Go's (in conditions) and libseccomp's (in archMap). */
const ARCHITECTURES: Readonly<Record<string, { go: string; seccomp: string }>> = {
  x64: { go: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  arm64: { go: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
};

export type SeccompHost = { go: string; seccomp: string; kernel: string };

export const thisHost = (): SeccompHost => ({
  ...(ARCHITECTURES[arch()] ?? { go: arch(), seccomp: '' }),
  kernel: release(),
});

const MAX_PROFILE = 1024 * 1024;

const kernelOf = (text: string): [number, number] => {
  const match = /^(\d+)\.(\d+)/.exec(text);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
};

function kernelAtLeast(kernel: string, wanted: string): boolean {
  const [major, minor] = kernelOf(kernel);
  const [wantedMajor, wantedMinor] = kernelOf(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function applies(rule: Rule, capabilities: ReadonlySet<string>, host: SeccompHost): boolean {
  const { includes = {}, excludes = {} } = rule;
  if (includes.arches?.length && !includes.arches.includes(host.go)) return false;
  if (excludes.arches?.includes(host.go)) return false;
  if (includes.caps?.some((name) => !capabilities.has(name))) return false;
  if (excludes.caps?.some((name) => capabilities.has(name))) return false;
  if (includes.minKernel && !kernelAtLeast(host.kernel, includes.minKernel)) return false;
  if (excludes.minKernel && kernelAtLeast(host.kernel, excludes.minKernel)) return false;
  return true;
}

const invalid = (what: string, cause?: unknown): EngineError =>
  new EngineError('invalid_argument', `decoding seccomp profile failed: ${what}`, { cause });

function parse(text: string): Profile {
  if (Buffer.byteLength(text) > MAX_PROFILE) throw invalid('it is larger than 1 MiB');
  let profile: unknown;
  try {
    profile = JSON.parse(text);
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  if (profile === null || typeof profile !== 'object' || Array.isArray(profile)) throw invalid('it is not an object');
  const { defaultAction, syscalls, architectures, archMap } = profile as Profile;
  if (typeof defaultAction !== 'string') throw invalid('defaultAction is missing');
  for (const list of [syscalls, architectures, archMap]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) throw invalid('a list is expected');
  }
  return profile as Profile;
}

function namesOf(rule: Rule): string[] {
  if (rule.names !== undefined && rule.name !== undefined && rule.name !== '') {
    throw invalid("both 'name' and 'names' are given for a rule");
  }
  const names = rule.names ?? (rule.name ? [rule.name] : []);
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) throw invalid('names must be strings');
  return names;
}

/** `capabilities` is the bounding set of the container. Errors: `invalid_argument`. */
export function toOciSeccomp(
  text: string,
  capabilities: readonly string[],
  host: SeccompHost = thisHost(),
): OciSeccomp {
  const profile = parse(text);
  const set = new Set(capabilities);
  const mapped = (profile.archMap ?? []).find((entry) => entry.architecture === host.seccomp);
  const architectures = mapped ? [mapped.architecture, ...(mapped.subArchitectures ?? [])] : profile.architectures;
  const syscalls: OciSeccomp['syscalls'] = [];
  for (const rule of profile.syscalls ?? []) {
    if (rule === null || typeof rule !== 'object') throw invalid('a rule must be an object');
    if (!applies(rule, set, host)) continue;
    const names = namesOf(rule);
    if (typeof rule.action !== 'string') throw invalid('a rule has no action');
    if (names.length === 0) continue;
    syscalls.push({
      names,
      action: rule.action,
      ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
      ...(rule.args?.length ? { args: rule.args } : {}),
    });
  }
  return {
    defaultAction: profile.defaultAction!,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures?.length ? { architectures } : {}),
    ...(profile.flags?.length ? { flags: profile.flags } : {}),
    syscalls,
  };
}

/**
 * Debian's profile leaves these to the kernel's own checks, which a process
 * passes in a user namespace that it makes for itself. Docker's default does
 * not: making namespaces and mounting need the capability outside of any.
 */
const FENCED: readonly { unless: string; names: readonly string[] }[] = [
  {
    unless: 'CAP_SYS_ADMIN',
    names: [
      ...['mount', 'umount', 'umount2', 'mount_setattr', 'move_mount', 'open_tree', 'pivot_root'],
      ...['fsconfig', 'fsmount', 'fsopen', 'fspick', 'setns', 'unshare', 'keyctl'],
    ],
  },
  { unless: 'CAP_SYS_BOOT', names: ['reboot'] },
  { unless: 'CAP_SYSLOG', names: ['syslog'] },
  { unless: 'CAP_SYS_NICE', names: ['mbind', 'set_mempolicy', 'get_mempolicy'] },
];

const EPERM = 1;
const ENOSYS = 38;
/** CLONE_NEW* but CLONE_NEWTIME, which shares its bits with the exit signal. */
const CLONE_NAMESPACES = 0x7e020000;

export function fence(profile: OciSeccomp, capabilities: readonly string[]): OciSeccomp {
  const denied = new Set(FENCED.flatMap(({ unless, names }) => (capabilities.includes(unless) ? [] : names)));
  const plainClone = !capabilities.includes('CAP_SYS_ADMIN');
  const fenced = (name: string): boolean => denied.has(name) || (plainClone && (name === 'clone' || name === 'clone3'));
  const syscalls: OciSeccomp['syscalls'] = [];
  for (const rule of profile.syscalls) {
    const names = rule.action === 'SCMP_ACT_ALLOW' ? rule.names.filter((name) => !fenced(name)) : rule.names;
    if (names.length > 0) syscalls.push({ ...rule, names });
  }
  if (denied.size > 0) syscalls.push({ names: [...denied], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM });
  if (plainClone) {
    // The kernel looks at clone's flags only through this filter; clone3's lie in memory, out of its sight: the C
    // library goes back to clone when it is told that there is none.
    const args = [{ index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }];
    syscalls.push({ names: ['clone'], action: 'SCMP_ACT_ALLOW', args });
    syscalls.push({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS });
  }
  return { ...profile, syscalls };
}

/**
 * The default profile from its file, converted once for each set of
 * capabilities. `unusable` are architectures whose programs this kernel cannot
 * run: the runtime compiles the filter once for each architecture at every
 * start and exec, which is half of an exec's time.
 */
export function createDefaultSeccomp(
  path: string,
  unusable: readonly string[] = [],
): (capabilities: readonly string[]) => OciSeccomp {
  let text: string | undefined;
  const converted = new Map<string, OciSeccomp>();
  return (capabilities) => {
    if (text === undefined) {
      try {
        text = readFileSync(path, 'utf8');
      } catch (cause) {
        throw new EngineError(
          'unavailable',
          `the default seccomp profile ${path} is missing: install the package "golang-github-containers-common"`,
          { cause },
        );
      }
    }
    const key = capabilities.join();
    const known = converted.get(key);
    if (known) return known;
    const fenced = fence(toOciSeccomp(text, capabilities), capabilities);
    const architectures = fenced.architectures?.filter((name) => !unusable.includes(name));
    const profile = { ...fenced, architectures };
    // Users choose the sets; a handful is normal, many are an attempt to fill memory.
    if (converted.size < 64) converted.set(key, profile);
    return profile;
  };
}
