import type { EndpointSettings } from '#core/containers/types.ts';
import type { EventBus } from '#core/events/events.ts';
import { parseIpv4, parseSubnet } from '#lib/ipv4.ts';
import { isOn, OPTION } from './create.ts';
import { type Ipam, poolOf } from './ipam.ts';
import type { DnsZone, FirewallState, NetworkContainers, NetworkDriver, NetworkStore } from './ports.ts';
import type { PortAllocator, PublishedPort } from './published.ts';
import type { Endpoint, NetworkRecord, SandboxRequest } from './types.ts';

export type NetworksDeps = {
  driver: NetworkDriver;
  store: NetworkStore;
  events: Pick<EventBus, 'publish'>;
  /** Late, because containers are made with networks and not before them. */
  containers: () => NetworkContainers;
  /** Six hexadecimal digits: in the names of interfaces. */
  instance: string;
  /** RFC 3339. */
  now: () => string;
  warn: (message: string, error?: unknown) => void;
};

/** An endpoint with what was asked for it. */
export type Attached = Endpoint & { wanted: EndpointSettings };

/** What a running container holds. */
export type SandboxState = {
  request: SandboxRequest;
  containerName: string;
  /** In the order they were connected. */
  endpoints: Attached[];
  published: PublishedPort[];
};

/** What the verbs share. */
export type Context = NetworksDeps & {
  records: Map<string, NetworkRecord>;
  sandboxes: Map<string, SandboxState>;
  ipam: Ipam;
  ports: PortAllocator;
  /** Whether the host has rules of this engine: without them nothing is isolated, so nothing is connected. */
  rules: { inForce: boolean };
  /** One change at a time per container. */
  lock: <T>(containerId: string, work: () => Promise<T>) => Promise<T>;
};

export const endpointsOn = (context: Context, networkId: string): Attached[] =>
  [...context.sandboxes.values()].flatMap((it) => it.endpoints.filter((endpoint) => endpoint.networkId === networkId));

/** Whether containers on it find each other by name. */
export const hasNames = (network: NetworkRecord): boolean => network.driver === 'bridge' && !network.predefined;

/** The endpoint with the default route, which is also where published ports lead. */
export function primaryOf(context: Context, sandbox: SandboxState): Attached | undefined {
  const candidates = sandbox.endpoints.filter((endpoint) => {
    const network = context.records.get(endpoint.networkId);
    return network?.driver === 'bridge' && !network.internal;
  });
  const [first, ...rest] = candidates;
  return rest.reduce((best, it) => ((it.wanted.GwPriority ?? 0) > (best?.wanted.GwPriority ?? 0) ? it : best), first);
}

/** The endpoint whose network answers the container's questions for names. */
export const resolverOf = (context: Context, sandbox: SandboxState): Attached | undefined =>
  sandbox.endpoints.find((endpoint) => {
    const network = context.records.get(endpoint.networkId);
    return network !== undefined && hasNames(network);
  });

export const gatewayOf = (network: NetworkRecord): string => network.ipam.Config[0]?.Gateway ?? '';

const DEFAULT_MTU = 1500;
export const mtuOf = (network: NetworkRecord): number => Number(network.options[OPTION.mtu] ?? DEFAULT_MTU);

export function firewallState(context: Context): FirewallState {
  const networks = [...context.records.values()]
    .filter((network) => network.driver === 'bridge')
    .map((network) => ({
      bridge: network.bridge,
      subnet: network.ipam.Config[0]?.Subnet ?? '',
      gateway: gatewayOf(network),
      internal: network.internal,
      masquerade: isOn(network.options[OPTION.masquerade], true),
      icc: isOn(network.options[OPTION.icc], true),
      names: hasNames(network),
    }));
  const published = [...context.sandboxes.values()].flatMap((sandbox) => {
    const primary = primaryOf(context, sandbox);
    const bridge = primary && context.records.get(primary.networkId)?.bridge;
    if (!primary || !bridge) return [];
    return sandbox.published.map((it) => ({
      protocol: it.protocol,
      hostIp: it.ip,
      hostPort: it.port,
      ip: primary.ipv4,
      port: it.containerPort,
      bridge,
    }));
  });
  return { networks, published };
}

export async function program(context: Context): Promise<void> {
  await context.driver.program(() => firewallState(context));
  context.rules.inForce = true;
}

/** What a name server can hold: anything else in a list of names would be read as something else. */
const DNS_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;

export function zoneOf(context: Context, network: NetworkRecord): DnsZone {
  const entries = endpointsOn(context, network.id).map((endpoint) => ({
    containerId: endpoint.containerId,
    ipv4: endpoint.ipv4,
    names: [...new Set(endpoint.dnsNames.filter((name) => DNS_NAME.test(name)).map((name) => name.toLowerCase()))],
    servers: (context.sandboxes.get(endpoint.containerId)?.request.dns ?? []).filter((it) => parseIpv4(it) !== null),
  }));
  return { gateway: gatewayOf(network), entries };
}

export async function publishNames(context: Context, networkIds: Iterable<string>): Promise<void> {
  for (const id of new Set(networkIds)) {
    const network = context.records.get(id);
    if (network && hasNames(network)) await context.driver.setNames(id, zoneOf(context, network));
  }
}

export function announce(context: Context, action: string, network: NetworkRecord, containerId?: string): void {
  const attributes: Record<string, string> = { name: network.name, type: network.driver };
  if (containerId !== undefined) attributes.container = containerId;
  context.events.publish({ type: 'network', action, id: network.id, attributes });
}

export function bridgeSpec(network: NetworkRecord) {
  const { subnet } = poolOf(network);
  return { name: network.bridge, gateway: gatewayOf(network), prefixLength: subnet.prefixLength, mtu: mtuOf(network) };
}

export const prefixLengthOf = (network: NetworkRecord): number =>
  parseSubnet(network.ipam.Config[0]?.Subnet ?? '')?.prefixLength ?? 0;
