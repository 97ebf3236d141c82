import type { EndpointSettings } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { newId, shortId } from '#lib/ids.ts';
import { type Attached, type Context, gatewayOf, hasNames, prefixLengthOf } from './context.ts';
import { macOf } from './ipam.ts';
import type { NetworkRecord, SandboxRequest } from './types.ts';

/** Full id, then name, then unique id prefix. Undefined when none; throws when several begin alike. */
export function findNetwork(records: ReadonlyMap<string, NetworkRecord>, reference: string): NetworkRecord | undefined {
  const exact = records.get(reference) ?? [...records.values()].find((it) => it.name === reference);
  if (exact || !/^[0-9a-f]{1,64}$/.test(reference)) return exact;
  const matches = [...records.values()].filter((it) => it.id.startsWith(reference));
  if (matches.length > 1) {
    const text = `network ${reference} is ambiguous (${matches.length} matches found based on ID prefix)`;
    throw new EngineError('invalid_argument', text);
  }
  return matches[0];
}

export function requireNetwork(context: Context, reference: string): NetworkRecord {
  const network = findNetwork(context.records, reference);
  if (!network) throw new EngineError('not_found', `network ${reference} not found`);
  return network;
}

export const blankSettings = (wanted: Partial<EndpointSettings> = {}): EndpointSettings => ({
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
  ...wanted,
});

/** Name of the host's end: as unique as the endpoint, at most 15 bytes. */
export const hostInterfaceOf = (instance: string, endpointId: string): string =>
  `gv${instance}-${endpointId.slice(0, 6)}`;

const unique = (names: readonly string[]): string[] => [...new Set(names.filter((name) => name !== ''))];

export function dnsNamesOf(
  container: Pick<SandboxRequest, 'containerId' | 'containerName' | 'hostname'>,
  wanted: EndpointSettings,
): string[] {
  return unique([
    container.containerName,
    ...(wanted.Aliases ?? []),
    shortId(container.containerId),
    container.hostname,
  ]);
}

/** Checks an address asked for, before anything is made. */
export function checkWantedAddress(network: NetworkRecord, wanted: string | undefined): void {
  if (!wanted) return;
  if (network.predefined) {
    throw new EngineError('invalid_argument', 'user specified IP address is supported on user defined networks only');
  }
  if (!network.subnetGiven) {
    const text = 'user specified IP address is supported only when connecting to networks with user configured subnets';
    throw new EngineError('invalid_argument', text);
  }
}

/** A new endpoint with an address of its own. The address is the caller's to release. */
export function reserveEndpoint(
  context: Context,
  network: NetworkRecord,
  request: SandboxRequest,
  wanted: EndpointSettings,
  interfaceName: string,
): Attached {
  const base = {
    id: freshEndpointId(context),
    networkId: network.id,
    containerId: request.containerId,
    containerName: request.containerName,
    wanted,
  };
  if (network.driver !== 'bridge') {
    return { ...base, interfaceName: '', macAddress: '', ipv4: '', ipv4PrefixLength: 0, gateway: '', dnsNames: [] };
  }
  checkWantedAddress(network, wanted.IPAMConfig?.IPv4Address);
  const ipv4 = context.ipam.allocate(network, wanted.IPAMConfig?.IPv4Address || undefined);
  return {
    ...base,
    interfaceName,
    macAddress: wanted.MacAddress || macOf(ipv4),
    ipv4,
    ipv4PrefixLength: prefixLengthOf(network),
    gateway: network.internal ? '' : gatewayOf(network),
    dnsNames: hasNames(network) ? dnsNamesOf(request, wanted) : [],
  };
}

/** The first six digits name the interface: no two endpoints may share them. */
function freshEndpointId(context: Context): string {
  const used = new Set(
    [...context.sandboxes.values()].flatMap((it) => it.endpoints.map((endpoint) => endpoint.id.slice(0, 6))),
  );
  for (;;) {
    const id = newId();
    if (!used.has(id.slice(0, 6))) return id;
  }
}

/** What the container's record shows while it runs. */
export function inForce(endpoint: Attached): EndpointSettings {
  return {
    ...endpoint.wanted,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.id,
    MacAddress: endpoint.macAddress,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.ipv4,
    IPPrefixLen: endpoint.ipv4PrefixLength,
    DNSNames: endpoint.dnsNames.length > 0 ? endpoint.dnsNames : null,
  };
}

/** The first `ethN` that none of these has. */
export function freeInterfaceName(endpoints: readonly Attached[]): string {
  const used = new Set(endpoints.map((endpoint) => endpoint.interfaceName));
  for (let index = 0; ; index++) {
    if (!used.has(`eth${index}`)) return `eth${index}`;
  }
}
