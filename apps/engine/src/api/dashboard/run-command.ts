import type Dockerode from 'dockerode';

type ImageConfig = Partial<
  Pick<Dockerode.ContainerInspectInfo['Config'], 'Env' | 'Cmd' | 'WorkingDir' | 'User' | 'Labels'>
> & {
  Entrypoint?: string | string[] | null;
};

/** One word for a POSIX shell: bare when nothing in it is special. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The `docker run` line that makes a container like this one; what the image already says is left out. */
export function runCommand(container: Dockerode.ContainerInspectInfo, image: ImageConfig | null): string {
  const words = ['docker', 'run', ...modeFlags(container), ...configFlags(container, image), ...hostFlags(container)];
  const entrypoint = list(container.Config.Entrypoint);
  const changedEntrypoint = !same(entrypoint, list(image?.Entrypoint));
  const command = list(container.Config.Cmd);
  if (changedEntrypoint && entrypoint[0] !== undefined) words.push('--entrypoint', entrypoint[0]);
  words.push(container.Config.Image);
  if (changedEntrypoint) words.push(...entrypoint.slice(1), ...command);
  else if (!same(command, list(image?.Cmd))) words.push(...command);
  return words.map(quote).join(' ');
}

function modeFlags({ Config, HostConfig, Name, Id }: Dockerode.ContainerInspectInfo): string[] {
  const flags = Config.Tty && Config.OpenStdin ? ['-it'] : Config.OpenStdin ? ['-i'] : Config.Tty ? ['-t'] : [];
  if (!Config.AttachStdout) flags.unshift('-d');
  if (HostConfig.AutoRemove) flags.push('--rm');
  if (HostConfig.Init) flags.push('--init');
  flags.push('--name', Name.replace(/^\//, ''));
  if (Config.Hostname && !Id.startsWith(Config.Hostname) && HostConfig.NetworkMode !== 'host')
    flags.push('--hostname', Config.Hostname);
  return flags;
}

function configFlags({ Config, HostConfig }: Dockerode.ContainerInspectInfo, image: ImageConfig | null): string[] {
  const flags: string[] = [];
  const inherited = new Set(image?.Env ?? []);
  for (const entry of Config.Env ?? []) if (!inherited.has(entry)) flags.push('-e', entry);
  for (const [name, value] of Object.entries(Config.Labels ?? {})) {
    if (image?.Labels?.[name] !== value) flags.push('--label', `${name}=${value}`);
  }
  if (Config.User && Config.User !== image?.User) flags.push('-u', Config.User);
  if (Config.WorkingDir && Config.WorkingDir !== image?.WorkingDir) flags.push('-w', Config.WorkingDir);
  for (const bind of HostConfig.Binds ?? []) flags.push('-v', bind);
  for (const mount of HostConfig.Mounts ?? []) {
    const parts = [`type=${mount.Type}`, ...(mount.Source ? [`source=${mount.Source}`] : []), `target=${mount.Target}`];
    flags.push('--mount', [...parts, ...(mount.ReadOnly ? ['readonly'] : [])].join(','));
  }
  for (const [target, options] of Object.entries(HostConfig.Tmpfs ?? {}))
    flags.push('--tmpfs', options ? `${target}:${options}` : target);
  return flags;
}

function hostFlags({ HostConfig }: Dockerode.ContainerInspectInfo): string[] {
  const flags: string[] = [];
  const { NetworkMode, RestartPolicy } = HostConfig;
  if (NetworkMode && NetworkMode !== 'default' && NetworkMode !== 'bridge') flags.push('--network', NetworkMode);
  const ports = (HostConfig.PortBindings ?? {}) as Record<string, { HostIp?: string; HostPort?: string }[] | null>;
  for (const [port, bindings] of Object.entries(ports))
    flags.push(...(bindings ?? []).flatMap((binding) => ['-p', published(port, binding)]));
  if (HostConfig.PublishAllPorts) flags.push('-P');
  if (RestartPolicy?.Name && RestartPolicy.Name !== 'no') {
    const retries =
      RestartPolicy.Name === 'on-failure' && RestartPolicy.MaximumRetryCount
        ? `:${RestartPolicy.MaximumRetryCount}`
        : '';
    flags.push('--restart', `${RestartPolicy.Name}${retries}`);
  }
  if (HostConfig.Memory) flags.push('-m', String(HostConfig.Memory));
  if (HostConfig.NanoCpus) flags.push('--cpus', String(HostConfig.NanoCpus / 1e9));
  if (HostConfig.PidsLimit && HostConfig.PidsLimit > 0) flags.push('--pids-limit', String(HostConfig.PidsLimit));
  if (HostConfig.Privileged) flags.push('--privileged');
  if (HostConfig.ReadonlyRootfs) flags.push('--read-only');
  const lists: [string, readonly string[] | null | undefined][] = [
    ['--cap-add', HostConfig.CapAdd],
    ['--cap-drop', HostConfig.CapDrop],
    ['--security-opt', HostConfig.SecurityOpt],
    ['--dns', HostConfig.Dns],
    ['--add-host', HostConfig.ExtraHosts],
    ['--group-add', HostConfig.GroupAdd],
    ['--volumes-from', HostConfig.VolumesFrom],
  ];
  for (const [flag, values] of lists) for (const value of values ?? []) flags.push(flag, value);
  for (const device of HostConfig.Devices ?? [])
    flags.push('--device', `${device.PathOnHost}:${device.PathInContainer}`);
  return flags;
}

function published(port: string, { HostIp, HostPort }: { HostIp?: string; HostPort?: string }): string {
  const target = port.endsWith('/tcp') ? port.slice(0, -4) : port;
  const address = HostIp && HostIp !== '0.0.0.0' ? `${HostIp.includes(':') ? `[${HostIp}]` : HostIp}:` : '';
  return address === '' && !HostPort ? target : `${address}${HostPort ?? ''}:${target}`;
}

const list = (value: string | readonly string[] | null | undefined): string[] =>
  value === null || value === undefined ? [] : typeof value === 'string' ? [value] : [...value];
const same = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((word, index) => word === b[index]);
