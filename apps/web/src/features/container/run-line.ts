import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';

/**
 * The `docker run` line that makes a container again, from what `inspect`
 * says. What comes from the image and what is Docker's default is left out
 * when the image is known, so that only the choices remain.
 */
export function runLine(container: ContainerInspectInfo, image: ImageInspectInfo | null): string[] {
  const flags: string[][] = [];
  const add: Add = (flag, value) => {
    if (value !== undefined && value !== '') flags.push([flag, String(value)]);
  };
  const on: On = (flag, set) => {
    if (set) flags.push([flag]);
  };
  const config = container.Config;
  const host = container.HostConfig;
  on('-d', true);
  on('-i', config.OpenStdin);
  on('-t', config.Tty);
  on('--rm', host.AutoRemove);
  add('--name', container.Name.replace(/^\//, ''));
  configFlags(container, image, add);
  networkFlags(container, add, on);
  storageFlags(container, image, add);
  limitFlags(host, add);
  securityFlags(host, add, on);
  const { entrypoint, command } = commandOf(config, image);
  // An empty entrypoint is a choice too: it takes the image's away.
  if (entrypoint !== null) flags.push(['--entrypoint', entrypoint]);
  return [
    'docker run',
    ...flags.map((words) => words.map((word, index) => (index === 0 ? word : quote(word))).join(' ')),
    [config.Image, ...command].map(quote).join(' '),
  ];
}

type Add = (flag: string, value: string | number | undefined) => void;
type On = (flag: string, set: boolean | undefined) => void;
type Host = ContainerInspectInfo['HostConfig'];

function configFlags(container: ContainerInspectInfo, image: ImageInspectInfo | null, add: Add): void {
  const config = container.Config;
  const base = image?.Config;
  if (config.Hostname && !container.Id.startsWith(config.Hostname)) add('--hostname', config.Hostname);
  add('--domainname', config.Domainname);
  if (config.User !== (base?.User ?? '')) add('--user', config.User);
  if (config.WorkingDir !== (base?.WorkingDir ?? '') && config.WorkingDir !== '/') add('--workdir', config.WorkingDir);
  const inherited = new Set(base?.Env ?? []);
  for (const entry of config.Env ?? []) if (!inherited.has(entry)) add('--env', entry);
  for (const [key, value] of Object.entries(config.Labels ?? {})) {
    if (base?.Labels?.[key] !== value) add('--label', value === '' ? key : `${key}=${value}`);
  }
  const restart = container.HostConfig.RestartPolicy;
  if (restart?.Name && restart.Name !== 'no') {
    add('--restart', restart.MaximumRetryCount ? `${restart.Name}:${restart.MaximumRetryCount}` : restart.Name);
  }
  const logging = container.HostConfig.LogConfig;
  if (logging?.Type && logging.Type !== 'json-file') add('--log-driver', logging.Type);
  for (const [key, value] of Object.entries((logging?.Config ?? {}) as Record<string, string>))
    add('--log-opt', `${key}=${value}`);
}

function networkFlags(container: ContainerInspectInfo, add: Add, on: On): void {
  const host = container.HostConfig;
  const mode = host.NetworkMode ?? '';
  if (!['', 'default', 'bridge'].includes(mode)) add('--network', mode);
  const id = container.Id.slice(0, 12);
  const aliases = (container.NetworkSettings.Networks?.[mode]?.Aliases ?? []) as string[];
  for (const alias of aliases) if (alias !== id) add('--network-alias', alias);
  type Binding = { HostIp?: string; HostPort?: string };
  for (const [port, bindings] of Object.entries((host.PortBindings ?? {}) as Record<string, Binding[] | null>)) {
    const inside = port.replace(/\/tcp$/, '');
    for (const binding of bindings ?? []) {
      const address = binding.HostIp?.includes(':') ? `[${binding.HostIp}]` : binding.HostIp;
      const outside = [...(address ? [address] : []), ...(binding.HostPort || address ? [binding.HostPort ?? ''] : [])];
      add('--publish', [...outside, inside].join(':'));
    }
  }
  on('--publish-all', host.PublishAllPorts);
  for (const name of (host.Dns ?? []) as string[]) add('--dns', name);
  for (const name of host.DnsSearch ?? []) add('--dns-search', name);
  for (const entry of (host.ExtraHosts ?? []) as string[]) add('--add-host', entry);
}

function storageFlags(container: ContainerInspectInfo, image: ImageInspectInfo | null, add: Add): void {
  const host = container.HostConfig;
  for (const bind of host.Binds ?? []) add('--volume', bind);
  type Mount = { Type?: string; Source?: string; Target?: string; ReadOnly?: boolean };
  const mounts = (host.Mounts ?? []) as unknown as Mount[];
  for (const mount of mounts) {
    const parts = [`type=${mount.Type ?? 'volume'}`];
    if (mount.Source) parts.push(`source=${mount.Source}`);
    parts.push(`target=${mount.Target ?? ''}`);
    if (mount.ReadOnly) parts.push('readonly');
    add('--mount', parts.join(','));
  }
  for (const [path, options] of Object.entries(host.Tmpfs ?? {})) add('--tmpfs', options ? `${path}:${options}` : path);
  const fromImage = new Set(Object.keys(image?.Config?.Volumes ?? {}));
  const named = new Set([
    ...(host.Binds ?? []).map((bind) => bind.split(':')[1]),
    ...mounts.map((mount) => mount.Target),
  ]);
  for (const path of Object.keys(container.Config.Volumes ?? {}))
    if (!fromImage.has(path) && !named.has(path)) add('--volume', path);
  for (const from of (host.VolumesFrom ?? []) as string[]) add('--volumes-from', from);
}

function limitFlags(host: Host, add: Add): void {
  if (host.Memory) add('--memory', bytes(host.Memory));
  if (host.MemoryReservation) add('--memory-reservation', bytes(host.MemoryReservation));
  if (host.MemorySwap && host.MemorySwap !== 2 * (host.Memory ?? 0)) {
    add('--memory-swap', host.MemorySwap < 0 ? '-1' : bytes(host.MemorySwap));
  }
  if (host.NanoCpus) add('--cpus', Number((host.NanoCpus / 1e9).toFixed(3)));
  if (host.CpuShares) add('--cpu-shares', host.CpuShares);
  if (host.CpuQuota) add('--cpu-quota', host.CpuQuota);
  if (host.CpuPeriod) add('--cpu-period', host.CpuPeriod);
  add('--cpuset-cpus', host.CpusetCpus ?? '');
  if (host.PidsLimit && host.PidsLimit > 0) add('--pids-limit', host.PidsLimit);
  if (host.ShmSize && host.ShmSize !== 64 * 1024 * 1024) add('--shm-size', bytes(host.ShmSize));
  if (host.OomScoreAdj) add('--oom-score-adj', host.OomScoreAdj);
  for (const limit of host.Ulimits ?? []) {
    const { Name, Soft, Hard } = limit as { Name?: string; Soft?: number; Hard?: number };
    add('--ulimit', `${Name}=${Soft}${Hard === undefined || Hard === Soft ? '' : `:${Hard}`}`);
  }
}

function securityFlags(host: Host, add: Add, on: On): void {
  on('--privileged', host.Privileged);
  on('--read-only', host.ReadonlyRootfs);
  on('--init', host.Init);
  for (const name of (host.CapAdd ?? []) as string[]) add('--cap-add', name.replace(/^CAP_/, ''));
  for (const name of (host.CapDrop ?? []) as string[]) add('--cap-drop', name.replace(/^CAP_/, ''));
  for (const option of (host.SecurityOpt ?? []) as string[]) add('--security-opt', option);
  for (const group of host.GroupAdd ?? []) add('--group-add', group);
  for (const device of (host.Devices ?? []) as {
    PathOnHost: string;
    PathInContainer: string;
    CgroupPermissions: string;
  }[]) {
    const permissions =
      device.CgroupPermissions && device.CgroupPermissions !== 'rwm' ? `:${device.CgroupPermissions}` : '';
    const inside = device.PathInContainer !== device.PathOnHost || permissions ? `:${device.PathInContainer}` : '';
    add('--device', `${device.PathOnHost}${inside}${permissions}`);
  }
  for (const [key, value] of Object.entries(host.Sysctls ?? {})) add('--sysctl', `${key}=${value}`);
  if (host.PidMode && host.PidMode !== 'private') add('--pid', host.PidMode);
  if (host.IpcMode && host.IpcMode !== 'private' && host.IpcMode !== 'shareable') add('--ipc', host.IpcMode);
  add('--uts', host.UTSMode ?? '');
  add('--userns', host.UsernsMode ?? '');
}

/** Docker keeps entrypoint and command apart; the line can set only the first word of an entrypoint. */
function commandOf(config: ContainerInspectInfo['Config'], image: ImageInspectInfo | null) {
  const own = list(config.Entrypoint);
  const inherited = list(image?.Config?.Entrypoint);
  const command = list(config.Cmd);
  if (image && same(own, inherited)) {
    return { entrypoint: null, command: same(command, list(image.Config?.Cmd)) ? [] : command };
  }
  if (own.length === 0) return { entrypoint: inherited.length > 0 ? '' : null, command };
  return { entrypoint: own[0]!, command: [...own.slice(1), ...command] };
}

const list = (value: string | string[] | null | undefined): string[] =>
  Array.isArray(value) ? value : value ? [value] : [];
const same = (a: string[], b: string[]) => a.length === b.length && a.every((word, index) => word === b[index]);

function bytes(value: number): string {
  for (const [unit, size] of [
    ['g', 2 ** 30],
    ['m', 2 ** 20],
    ['k', 2 ** 10],
  ] as const) {
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return String(value);
}

/** A word as a POSIX shell takes it. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Secrets must not lie in the open on a screen: the values of such variables are put behind dots. */
export const maskedLine = (words: string[]): string[] =>
  words.map((word) => {
    const found = /^--env (?:'?)([A-Za-z0-9_.-]+)=/.exec(word);
    return found && isSecretName(found[1]!) ? `--env ${found[1]}=••••••` : word;
  });

/** Whether the name of a variable says that its value is a secret. */
export const isSecretName = (name: string): boolean =>
  /pass(word|wd|phrase)?|secret|token|credential|private|api_?key|access_?key|auth|_key$|^key$|dsn|database_url|connection_?string/i.test(
    name,
  );
