import { containerOf } from '#core/containers/endpoints.ts';
import { isLive, isRunning } from '#core/containers/state-machine.ts';
import type { ContainerRecord, EndpointSettings, MountPoint, PortBinding } from '#core/containers/types.ts';
import type { Mount } from '#core/mount.ts';
import { parseNano } from '#lib/time.ts';
import { statusText } from './container-status.ts';

/** The shapes of `GET /containers/json` and `GET /containers/{id}/json`, Docker Engine API 1.51. */

export type Sizes = { rw: number; rootFs: number };

const endpoint = ({ DesiredMacAddress: _, ...settings }: EndpointSettings) => settings;

const networks = (record: ContainerRecord) =>
  Object.fromEntries(Object.entries(record.networks).map(([name, settings]) => [name, endpoint(settings)]));

const mountPoint = (mount: MountPoint) => ({
  Type: mount.Type,
  ...(mount.Name ? { Name: mount.Name } : {}),
  Source: mount.Source,
  Destination: mount.Destination,
  ...(mount.Driver ? { Driver: mount.Driver } : {}),
  Mode: mount.Mode,
  RW: mount.RW,
  Propagation: mount.Propagation,
});

/** Published ports with their bindings; exposed ones that are not published as null. Empty while it does not run. */
function portMap(record: ContainerRecord): [string, PortBinding[] | null][] {
  const { NetworkMode, PortBindings } = record.hostConfig;
  const own = NetworkMode !== 'host' && NetworkMode !== 'none' && containerOf(NetworkMode) === undefined;
  if (!isLive(record) || !own) return [];
  const ports = new Map<string, PortBinding[] | null>();
  for (const exposed of [...Object.keys(record.config.ExposedPorts ?? {}), ...Object.keys(PortBindings)]) {
    ports.set(exposed.includes('/') ? exposed : `${exposed}/tcp`, null);
  }
  for (const [port, bindings] of Object.entries(record.ports)) ports.set(port, bindings.length > 0 ? bindings : null);
  return [...ports];
}

function portList(record: ContainerRecord) {
  return portMap(record)
    .flatMap(([port, bindings]) => {
      const [number = '', Type = 'tcp'] = port.split('/');
      const PrivatePort = Number(number);
      if (!bindings) return [{ PrivatePort, Type }];
      return bindings.map(({ HostIp, HostPort }) => ({
        IP: HostIp,
        PrivatePort,
        PublicPort: Number(HostPort),
        Type,
      }));
    })
    .sort((a, b) => a.PrivatePort - b.PrivatePort);
}

const command = (record: ContainerRecord): string =>
  [record.path, ...record.args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');

export function toSummary(record: ContainerRecord, context: { image: string; now: bigint; size?: Sizes }) {
  const { Annotations } = record.hostConfig;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: context.image,
    ImageID: record.imageId,
    Command: command(record),
    Created: Number((parseNano(record.created) ?? 0n) / 1_000_000_000n),
    Ports: portList(record),
    ...(context.size ? { SizeRw: context.size.rw, SizeRootFs: context.size.rootFs } : {}),
    Labels: record.config.Labels,
    State: record.state.status,
    Status: statusText(record.state, context.now),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode, ...(Annotations ? { Annotations } : {}) },
    NetworkSettings: { Networks: networks(record) },
    Mounts: record.mounts.map(mountPoint),
  };
}

function stateOf(record: ContainerRecord) {
  const { state } = record;
  return {
    Status: state.status,
    // Docker counts a container that waits for its restart as running.
    Running: isRunning(record),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health ? { Health: state.health } : {}),
  };
}

function networkSettings(record: ContainerRecord) {
  const bridge = Object.hasOwn(record.networks, 'bridge') ? record.networks.bridge : undefined;
  const live = isLive(record);
  return {
    Bridge: '',
    SandboxID: live ? record.id : '',
    SandboxKey: live ? `/proc/${record.state.pid}/ns/net` : '',
    Ports: Object.fromEntries(portMap(record)),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
    Networks: networks(record),
  };
}

function graphDriver(record: ContainerRecord, graph: { merged: string; mounts: readonly Mount[] } | undefined) {
  const options = new Map(
    (graph?.mounts[0]?.options ?? []).map((option): [string, string] => {
      const at = option.indexOf('=');
      return at < 0 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)];
    }),
  );
  return {
    Name: 'overlay2',
    Data: graph
      ? {
          ID: record.id,
          LowerDir: options.get('lowerdir') ?? '',
          MergedDir: graph.merged,
          UpperDir: options.get('upperdir') ?? '',
          WorkDir: options.get('workdir') ?? '',
        }
      : null,
  };
}

export function toInspect(
  record: ContainerRecord,
  context: { execIds: string[]; graph?: { merged: string; mounts: readonly Mount[] }; size?: Sizes },
) {
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateOf(record),
    Image: record.imageId,
    ResolvConfPath: record.resolvConfPath,
    HostnamePath: record.hostnamePath,
    HostsPath: record.hostsPath,
    LogPath: record.hostConfig.LogConfig.Type === 'none' ? '' : record.logPath,
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: record.platform,
    MountLabel: '',
    ProcessLabel: record.processLabel,
    AppArmorProfile: record.appArmorProfile,
    ExecIDs: context.execIds.length > 0 ? context.execIds : null,
    HostConfig: record.hostConfig,
    GraphDriver: graphDriver(record, context.graph),
    ...(context.size ? { SizeRw: context.size.rw, SizeRootFs: context.size.rootFs } : {}),
    Mounts: record.mounts.map(mountPoint),
    Config: record.config,
    NetworkSettings: networkSettings(record),
  };
}
