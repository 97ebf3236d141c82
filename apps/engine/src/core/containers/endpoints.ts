import { EngineError } from '#core/errors.ts';
import type { ContainerNetworking, NetworkRecord } from '#core/networks/types.ts';
import { isIPv4, isIPv6 } from '#lib/ip-address.ts';
import type { CreateRequest, EndpointInput } from './request.ts';
import type { ContainerConfig, ContainerRecord, EndpointSettings, HostConfig, PortBinding } from './types.ts';
import { hasControl } from './validate-config.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

export const emptyEndpoint = (): EndpointSettings => ({
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
});

/** What is left of an endpoint when the container stops: what was asked for, and the network. */
export const wantedPart = (settings: EndpointSettings): EndpointSettings => ({
  ...emptyEndpoint(),
  IPAMConfig: settings.IPAMConfig,
  Links: settings.Links,
  Aliases: settings.Aliases,
  ...(settings.DesiredMacAddress
    ? { MacAddress: settings.DesiredMacAddress, DesiredMacAddress: settings.DesiredMacAddress }
    : {}),
  DriverOpts: settings.DriverOpts,
  GwPriority: settings.GwPriority,
  NetworkID: settings.NetworkID,
  DNSNames: settings.DNSNames,
});

/** Checks what a client asks of one network and completes it. */
export function completeEndpoint(
  input: EndpointInput,
  network: Pick<NetworkRecord, 'id' | 'predefined'>,
): EndpointSettings {
  const ipam = input.IPAMConfig;
  if (ipam?.IPv4Address && !isIPv4(ipam.IPv4Address)) throw invalid(`invalid IPv4 address: ${ipam.IPv4Address}`);
  if (ipam?.IPv6Address && !isIPv6(ipam.IPv6Address)) throw invalid(`invalid IPv6 address: ${ipam.IPv6Address}`);
  refuseUnsupported(input);
  if (network.predefined && (ipam?.IPv4Address || ipam?.IPv6Address)) {
    throw invalid('user specified IP address is supported on user defined networks only');
  }
  const given = input.MacAddress ?? '';
  if (given !== '' && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(given)) throw invalid(`invalid MAC address: ${given}`);
  const mac = given.replaceAll('-', ':').toLowerCase();
  const aliases = input.Aliases ?? null;
  if (network.predefined && aliases && aliases.length > 0) {
    throw invalid('network-scoped alias is supported only for containers in user defined networks');
  }
  for (const alias of aliases ?? []) {
    if (alias === '' || hasControl(alias) || /\s/.test(alias) || alias.length > 255) {
      throw invalid(`invalid network alias: ${JSON.stringify(alias)}`);
    }
  }
  return {
    ...emptyEndpoint(),
    IPAMConfig: ipam ?? null,
    Links: input.Links ?? null,
    Aliases: aliases,
    ...(mac === '' ? {} : { MacAddress: mac, DesiredMacAddress: mac }),
    DriverOpts: input.DriverOpts ?? null,
    GwPriority: input.GwPriority ?? 0,
    NetworkID: network.id,
  };
}

/** Fields of the API that no network driver here can honour; said, not ignored. */
function refuseUnsupported({ IPAMConfig, DriverOpts, Links }: EndpointInput): void {
  if (IPAMConfig?.IPv6Address) throw invalid(`IPv6 addresses are not supported: ${IPAMConfig.IPv6Address}`);
  const [linkLocal] = IPAMConfig?.LinkLocalIPs ?? [];
  if (linkLocal !== undefined) throw invalid(`link-local addresses are not supported: ${linkLocal}`);
  const [option] = Object.keys(DriverOpts ?? {});
  if (option !== undefined) throw invalid(`unknown network driver option for an endpoint: ${option}`);
  for (const link of Links ?? []) assertLink(link);
}

/** `name` or `name:alias`. */
export function assertLink(link: string): void {
  const [name = '', ...rest] = link.split(':');
  const bad = name === '' || rest.length > 1 || rest[0] === '' || hasControl(link) || /\s/.test(link);
  if (bad) throw invalid(`bad format for links: ${link}`);
}

export const containerOf = (mode: string): string | undefined =>
  mode.startsWith('container:') ? mode.slice('container:'.length) : undefined;

/**
 * The networks of a new container by name: the one of NetworkMode first, then others the client named. One that does
 * not exist is refused when the container starts: 404 at create would make the docker CLI pull the image.
 */
export function wantedNetworks(
  request: CreateRequest,
  hostConfig: HostConfig,
  config: ContainerConfig,
  networking: Pick<ContainerNetworking, 'resolve'>,
): Record<string, EndpointSettings> {
  if (containerOf(hostConfig.NetworkMode) !== undefined) return {};
  const mode = config.NetworkDisabled ? 'none' : hostConfig.NetworkMode;
  const find = (name: string): Pick<NetworkRecord, 'id' | 'name' | 'predefined'> =>
    networking.resolve(name === 'default' ? 'bridge' : name) ?? { id: '', name, predefined: false };
  const main = find(mode);
  const networks = new Map<string, EndpointSettings>([[main.name, completeEndpoint({}, main)]]);
  for (const [name, input] of request.endpoints) {
    const network = find(name);
    networks.set(network.name, completeEndpoint(input, network));
  }
  const mac = request.config.MacAddress;
  const first = networks.get(main.name);
  if (mac && first && !first.MacAddress) {
    networks.set(main.name, completeEndpoint({ ...request.endpoints.get(mode), MacAddress: mac }, main));
  }
  if (networks.size > 1 && [...networks.keys()].some((name) => name === 'host' || name === 'none')) {
    throw invalid('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  return Object.fromEntries(networks);
}

/** Ports to publish: those the user bound and, with `-P`, every other exposed one at random. */
export function wantedPorts(record: ContainerRecord): Record<string, PortBinding[]> {
  const { NetworkMode, PortBindings, PublishAllPorts } = record.hostConfig;
  if (NetworkMode === 'host' || NetworkMode === 'none' || containerOf(NetworkMode) !== undefined) return {};
  const ports = new Map<string, PortBinding[]>();
  for (const [port, bindings] of Object.entries(PortBindings)) {
    if (bindings && bindings.length > 0) ports.set(port, bindings);
  }
  if (PublishAllPorts) {
    for (const exposed of Object.keys(record.config.ExposedPorts ?? {})) {
      const port = exposed.includes('/') ? exposed.toLowerCase() : `${exposed}/tcp`;
      if (!ports.has(port)) ports.set(port, [{ HostIp: '', HostPort: '' }]);
    }
  }
  return Object.fromEntries(ports);
}
