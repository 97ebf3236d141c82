import type { ImageConfig } from '#core/images/types.ts';
import type { ConfigInput } from './request.ts';
import type { ContainerConfig, HealthConfig } from './types.ts';

const keyOf = (entry: string): string => entry.split('=', 1)[0] ?? entry;

/** The user's entries, then those of the image whose variable the user did not name. */
export function mergeEnv(user: readonly string[], image: readonly string[]): string[] {
  const named = new Set(user.map(keyOf));
  return [...user, ...image.filter((entry) => !named.has(keyOf(entry)))];
}

function union<T>(image: Record<string, T> | null | undefined, user: Record<string, T> | null | undefined) {
  const entries = [...Object.entries(image ?? {}), ...Object.entries(user ?? {})];
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** Docker's rules: an entrypoint given by the user makes the image's command meaningless; `[""]` takes the image's entrypoint away. */
function mergeCommand(
  user: ConfigInput,
  image: ImageConfig,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint' | 'ArgsEscaped'> {
  let cmd = user.Cmd ?? null;
  let entrypoint = user.Entrypoint ?? null;
  let escaped = user.ArgsEscaped ?? undefined;
  if (!entrypoint || entrypoint.length === 0) {
    if (!cmd || cmd.length === 0) {
      cmd = image.Cmd ?? null;
      escaped = image.ArgsEscaped ?? escaped;
    }
    entrypoint ??= image.Entrypoint ?? null;
  }
  return { Cmd: cmd, Entrypoint: entrypoint, ...(escaped ? { ArgsEscaped: escaped } : {}) };
}

function mergeHealth(user: HealthConfig | null | undefined, image: HealthConfig | undefined): HealthConfig | undefined {
  if (!user) return image;
  const merged: HealthConfig = { ...user };
  if (!merged.Test || merged.Test.length === 0) {
    if (!image?.Test) return merged;
    merged.Test = image.Test;
  }
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'] as const) {
    if (!merged[field] && image?.[field]) merged[field] = image[field];
  }
  return merged;
}

/** The configuration a container runs with: what the user said, else what the image says, else Docker's default. */
export function mergeConfig(user: ConfigInput, image: ImageConfig, defaults: { hostname: string }): ContainerConfig {
  const exposed = union(image.ExposedPorts, user.ExposedPorts);
  const health = mergeHealth(user.Healthcheck, image.Healthcheck);
  const stopSignal = user.StopSignal || image.StopSignal;
  const shell = user.Shell ?? image.Shell;
  return {
    Hostname: user.Hostname || defaults.hostname,
    Domainname: user.Domainname ?? '',
    User: user.User || image.User || '',
    AttachStdin: user.AttachStdin ?? false,
    AttachStdout: user.AttachStdout ?? false,
    AttachStderr: user.AttachStderr ?? false,
    ...(exposed ? { ExposedPorts: exposed } : {}),
    Tty: user.Tty ?? false,
    OpenStdin: user.OpenStdin ?? false,
    StdinOnce: user.StdinOnce ?? false,
    Env: mergeEnv(user.Env ?? [], image.Env ?? []),
    ...mergeCommand(user, image),
    ...(health ? { Healthcheck: health } : {}),
    Image: user.Image ?? '',
    Volumes: union(image.Volumes, user.Volumes) ?? null,
    WorkingDir: user.WorkingDir || image.WorkingDir || '',
    ...(user.NetworkDisabled ? { NetworkDisabled: true } : {}),
    OnBuild: user.OnBuild ?? null,
    Labels: union(image.Labels, user.Labels) ?? {},
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
    ...(user.StopTimeout !== undefined && user.StopTimeout !== null ? { StopTimeout: user.StopTimeout } : {}),
    ...(shell ? { Shell: shell } : {}),
  };
}

/** What is executed: entrypoint and command in one list, first word apart. */
export function commandOf(config: ContainerConfig): { path: string; args: string[] } | undefined {
  const entrypoint = config.Entrypoint?.length === 1 && config.Entrypoint[0] === '' ? [] : (config.Entrypoint ?? []);
  const [path, ...args] = [...entrypoint, ...(config.Cmd ?? [])];
  return path === undefined ? undefined : { path, args };
}
