import type Dockerode from 'dockerode';

export type ContainerSummary = Dockerode.ContainerInfo;
export type ContainerInspect = Dockerode.ContainerInspectInfo;
export type ContainerCreate = Dockerode.ContainerCreateOptions;
export type ImageSummary = Dockerode.ImageInfo;
export type VolumeSummary = Dockerode.VolumeInspectInfo;
export type NetworkSummary = Dockerode.NetworkInspectInfo;

/** A state as the site shows it: the container's state, refined by health and exit code. */
export type ContainerState =
  | 'running'
  | 'healthy'
  | 'unhealthy'
  | 'starting'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'failed'
  | 'created'
  | 'removing'
  | 'dead';

/** Exit codes of a stop that was asked for: 130 SIGINT, 137 SIGKILL, 143 SIGTERM; shown as exited, not as failed. */
const STOPPED = new Set([0, 130, 137, 143]);

export function stateOf(
  state: string,
  options: { health?: string; exitCode?: number; oom?: boolean } = {},
): ContainerState {
  switch (state) {
    case 'running':
      if (options.health === 'healthy' || options.health === 'unhealthy' || options.health === 'starting') {
        return options.health;
      }
      return 'running';
    case 'exited':
      return options.oom || !STOPPED.has(options.exitCode ?? 0) ? 'failed' : 'exited';
    case 'paused':
    case 'restarting':
    case 'created':
    case 'removing':
    case 'dead':
      return state;
    default:
      return 'exited';
  }
}

/** Health and exit code stand in the status text of a list: `Up 2 minutes (healthy)`, `Exited (1) 3 seconds ago`. */
export function summaryState(container: Pick<ContainerSummary, 'State' | 'Status'>): ContainerState {
  const status = container.Status ?? '';
  const health =
    /\((healthy|unhealthy)\)/.exec(status)?.[1] ?? (/health: starting/.test(status) ? 'starting' : undefined);
  const exitCode = exitCodeOf(status);
  return stateOf(container.State, { ...(health ? { health } : {}), ...(exitCode === undefined ? {} : { exitCode }) });
}

export function exitCodeOf(status: string): number | undefined {
  const match = /^(?:Exited|Restarting) \((-?\d+)\)/.exec(status);
  return match ? Number(match[1]) : undefined;
}

export function containerName(container: Pick<ContainerSummary, 'Id' | 'Names'>): string {
  return container.Names?.[0]?.replace(/^\//, '') ?? container.Id.slice(0, 12);
}

/** Whether a process of the container is there: it can be stopped, killed, entered. */
export function isUp(state: string): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

export type PublishedPort = { key: string; label: string; href: string | null };

/** Published ports, one entry for IPv4 and IPv6 of the same; a link when a browser can follow it. */
export function publishedPorts(ports: ContainerSummary['Ports'] | undefined, hostname: string): PublishedPort[] {
  const seen = new Map<string, PublishedPort>();
  for (const port of ports ?? []) {
    if (!port.PublicPort) continue;
    const key = `${port.PublicPort}-${port.PrivatePort}/${port.Type}`;
    if (seen.has(key)) continue;
    const suffix = port.Type === 'tcp' ? '' : `/${port.Type}`;
    const wide = !port.IP || port.IP === '0.0.0.0' || port.IP === '::';
    const at = wide ? hostname : port.IP.includes(':') ? `[${port.IP}]` : port.IP;
    const scheme = port.PrivatePort === 443 || port.PrivatePort === 8443 ? 'https' : 'http';
    seen.set(key, {
      key,
      label: `${port.PublicPort}→${port.PrivatePort}${suffix}`,
      href: port.Type === 'tcp' ? `${scheme}://${at}:${port.PublicPort}/` : null,
    });
  }
  return [...seen.values()].sort((a, b) => a.key.localeCompare(b.key, undefined, { numeric: true }));
}

/** The stack a compose file or `docker stack` made it part of. */
export function stackOf(labels: Record<string, string> | undefined): string | null {
  return labels?.['com.docker.compose.project'] ?? labels?.['com.docker.stack.namespace'] ?? null;
}

/** `nginx:1.27@sha256:…` for people: no digest, no default registry. */
export function shortImage(image: string): string {
  if (image.startsWith('sha256:')) return image.slice(7, 19);
  return image.replace(/@sha256:[0-9a-f]+$/, '').replace(/^docker\.io\/(library\/)?/, '');
}

const unitSeconds: Record<string, number> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** Milliseconds since the state of a status text began: `Up 2 minutes (healthy)` is 120,000; null when it tells none. */
export function statusAge(status: string): number | null {
  if (/Less than a second/.test(status)) return 0;
  const about = /About an? (minute|hour)/.exec(status);
  if (about) return unitSeconds[about[1]!]! * 1000;
  const match = /(\d+) (second|minute|hour|day|week|month|year)s?/.exec(status.replace(/\(-?\d+\)/, ''));
  return match ? Number(match[1]) * unitSeconds[match[2]!]! * 1000 : null;
}
