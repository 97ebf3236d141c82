import type { RuntimeCreate } from '#core/containers/ports.ts';
import type { ContainerRecord, HostConfig } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { capabilitySets, resolveCapabilities } from './capabilities.ts';
import { devicesOf } from './devices.ts';
import { rlimits } from './limits.ts';
import type { OciNamespace, OciProcess, OciSeccomp, OciSpec } from './oci.ts';
import { type LimitSupport, resourcesOf } from './resources.ts';
import { toOciSeccomp } from './seccomp.ts';
import { rootfsPropagation, specMounts } from './spec-mounts.ts';
import type { ContainerUser } from './users.ts';

/** What the spec depends on beside the request; gathered once at boot, so that `ociSpec` reads no kernel state of its own but devices. */
export type SpecHost = {
  /** Parent of all control groups, e.g. `/gantry-a1b2c3`. */
  cgroupParent: string;
  capabilities: readonly string[];
  limits: ReadonlyMap<string, number>;
  support: LimitSupport;
  defaultSeccomp: (capabilities: readonly string[]) => OciSeccomp;
  apparmor: boolean;
  /** A static init program, undefined when the host has none. */
  init: string | undefined;
  /** The engine's own score: without CAP_SYS_RESOURCE nothing may go below it. */
  oomScoreAdj: number;
  /** Network sysctls that this kernel has in each network namespace. */
  networkSysctls: Readonly<Record<string, string>>;
  warn: (text: string) => void;
};

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Says in config.json that HOME was found by the engine and not given by the user: another user has another. */
export const HOME_ANNOTATION = 'gantry.home';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** The last of several values of a name counts; a name without `=` is no variable. */
export function environment(defaults: readonly string[], given: readonly string[]): string[] {
  const variables = new Map<string, string>();
  for (const line of [...defaults, ...given]) {
    const equals = line.indexOf('=');
    if (equals > 0) variables.set(line.slice(0, equals), line);
  }
  return [...variables.values()];
}

type SecurityOptions = { noNewPrivileges: boolean; seccomp: string | undefined; apparmor: string | undefined };

export function securityOptions(options: readonly string[] | null): SecurityOptions {
  const result: SecurityOptions = { noNewPrivileges: false, seccomp: undefined, apparmor: undefined };
  for (const option of options ?? []) {
    const split = /^([a-z-]+)(?:[=:]([\s\S]*))?$/.exec(option);
    const [, name, value] = split ?? [];
    if (name === 'no-new-privileges') {
      if (value !== undefined && value !== 'true' && value !== 'false')
        throw invalid(`invalid --security-opt: "${option}"`);
      result.noNewPrivileges = value !== 'false';
    } else if (name === 'seccomp' && value) result.seccomp = value;
    else if (name === 'apparmor' && value) result.apparmor = value;
    // Labels are SELinux's, which is not used; systempaths arrives as MaskedPaths and ReadonlyPaths.
    else if ((name !== 'label' && name !== 'systempaths') || !value)
      throw invalid(`invalid --security-opt: "${option}"`);
  }
  return result;
}

function seccompOf(host: SpecHost, record: ContainerRecord, capabilities: string[]): OciSeccomp | undefined {
  const { seccomp } = securityOptions(record.hostConfig.SecurityOpt);
  if (seccomp === 'unconfined' || (record.hostConfig.Privileged && seccomp === undefined)) return undefined;
  if (seccomp === undefined || seccomp === 'builtin') return host.defaultSeccomp(capabilities);
  // A path would be one of this host, chosen by a client: never read.
  if (!seccomp.trimStart().startsWith('{'))
    throw invalid('decoding seccomp profile failed: give the profile itself as JSON');
  return toOciSeccomp(seccomp, capabilities);
}

/** Private, the host's (left out), or another's by its path. */
function namespaces(request: RuntimeCreate): OciNamespace[] {
  const { hostConfig } = request.record;
  const list: OciNamespace[] = [{ type: 'mount' }];
  const add = (type: string, mode: string, path: string | undefined) => {
    if (mode !== 'host') list.push(path ? { type, path } : { type });
  };
  add('pid', hostConfig.PidMode, request.joins.pid);
  add('ipc', hostConfig.IpcMode, request.joins.ipc);
  add('uts', hostConfig.UTSMode, request.joins.uts);
  add('cgroup', hostConfig.CgroupnsMode || 'host', request.joins.cgroup);
  add('network', request.netns.kind, request.netns.kind === 'path' ? request.netns.path : undefined);
  return list;
}

/** Keys that a namespace of the container's own holds; anything else would be the host's. */
const SYSCTL_IPC = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/;

function sysctls(request: RuntimeCreate, host: SpecHost): Record<string, string> | undefined {
  const { hostConfig, config } = request.record;
  const ownNet = request.netns.kind !== 'host' && !hostConfig.NetworkMode.startsWith('container:');
  const values: Record<string, string> = ownNet && !hostConfig.Privileged ? { ...host.networkSysctls } : {};
  if (hostConfig.UTSMode !== 'host' && !request.joins.uts && config.Domainname) {
    values['kernel.domainname'] = config.Domainname;
  }
  for (const [key, value] of Object.entries(hostConfig.Sysctls ?? {})) {
    const name = key.replaceAll('/', '.');
    const ownIpc = hostConfig.IpcMode !== 'host' && !request.joins.ipc;
    const allowed = name.startsWith('net.') ? request.netns.kind !== 'host' : SYSCTL_IPC.test(name) && ownIpc;
    if (!allowed || name.includes('..')) throw invalid(`sysctl "${key}" is not in a separate kernel namespace`);
    values[name] = value;
  }
  return Object.keys(values).length > 0 ? values : undefined;
}

/** Below our own group, whatever the client writes: `..` and empty parts are dropped. */
export function cgroupPath(root: string, parent: string, id: string): string {
  const parts = parent.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  for (const part of parts)
    if (!/^[A-Za-z0-9_.@:-]{1,255}$/.test(part)) throw invalid(`invalid cgroup parent: ${parent}`);
  return [root, ...parts, id].join('/');
}

function processOf(request: RuntimeCreate, user: ContainerUser, capabilities: string[], host: SpecHost): OciProcess {
  const { record, hostname } = request;
  const { config, hostConfig } = record;
  const command = [record.path, ...record.args];
  const defaults = [DEFAULT_PATH, `HOSTNAME=${hostname}`, ...(config.Tty ? ['TERM=xterm'] : []), `HOME=${user.home}`];
  const mayRaise = host.capabilities.includes('CAP_SYS_RESOURCE');
  const [height, width] = hostConfig.ConsoleSize ?? [0, 0];
  const score = mayRaise ? hostConfig.OomScoreAdj : Math.max(hostConfig.OomScoreAdj, host.oomScoreAdj);
  if (score !== hostConfig.OomScoreAdj) host.warn(`the OOM score is ${score}: this host's root may not lower it`);
  return {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: hostConfig.Init && host.init ? ['/sbin/docker-init', '--', ...command] : command,
    env: environment(defaults, request.env),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities, user.uid === 0),
    rlimits: rlimits(hostConfig.Ulimits, mayRaise ? undefined : host.limits, host.warn),
    noNewPrivileges: securityOptions(hostConfig.SecurityOpt).noNewPrivileges,
    ...(score !== host.oomScoreAdj ? { oomScoreAdj: score } : {}),
  };
}

function apparmorOf(record: ContainerRecord, host: SpecHost): string | undefined {
  const asked = securityOptions(record.hostConfig.SecurityOpt).apparmor;
  if (!host.apparmor || asked === 'unconfined') return undefined;
  return asked ?? (record.appArmorProfile || undefined);
}

const pathsOf = (given: string[] | null, hostConfig: HostConfig, standard: readonly string[]): string[] | undefined =>
  given ?? (hostConfig.Privileged ? undefined : [...standard]);

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

/**
 * The OCI configuration of a container (config.json of its bundle). Errors:
 * `invalid_argument` with Docker's words for what the user asked wrongly.
 */
export function ociSpec(request: RuntimeCreate, rootfs: string, user: ContainerUser, host: SpecHost): OciSpec {
  const { record } = request;
  const { hostConfig } = record;
  const capabilities = resolveCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged: hostConfig.Privileged,
    available: host.capabilities,
  });
  if (hostConfig.Init && !host.init) {
    throw new EngineError('unavailable', 'an init program is missing on this host: install the package "tini"');
  }
  const { devices, rules } = devicesOf(hostConfig);
  const mounts = specMounts(hostConfig, request.mounts, hostConfig.Init ? host.init : undefined);
  const process = processOf(request, user, capabilities, host);
  const apparmorProfile = apparmorOf(record, host);
  const ownUts = hostConfig.UTSMode !== 'host' && !request.joins.uts;
  const seccomp = seccompOf(host, record, capabilities);
  return {
    ociVersion: '1.0.2',
    process: apparmorProfile ? { ...process, apparmorProfile } : process,
    root: { path: rootfs, readonly: hostConfig.ReadonlyRootfs },
    ...(ownUts ? { hostname: request.hostname } : {}),
    mounts,
    annotations: {
      ...hostConfig.Annotations,
      [HOME_ANNOTATION]: request.env.some((line) => line.startsWith('HOME=')) ? 'given' : 'found',
    },
    linux: {
      namespaces: namespaces(request),
      devices,
      resources: { ...resourcesOf(hostConfig, host.support, host.warn), devices: rules },
      cgroupsPath: cgroupPath(host.cgroupParent, hostConfig.CgroupParent, request.id),
      sysctl: sysctls(request, host),
      ...(seccomp ? { seccomp } : {}),
      maskedPaths: pathsOf(hostConfig.MaskedPaths, hostConfig, MASKED_PATHS),
      readonlyPaths: pathsOf(hostConfig.ReadonlyPaths, hostConfig, READONLY_PATHS),
      rootfsPropagation: rootfsPropagation(mounts),
    },
  };
}
