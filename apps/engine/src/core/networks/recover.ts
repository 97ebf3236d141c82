import type { EndpointSettings } from '#core/containers/types.ts';
import {
  type Attached,
  bridgeSpec,
  type Context,
  endpointsOn,
  gatewayOf,
  hasNames,
  prefixLengthOf,
  program,
  publishNames,
  type SandboxState,
} from './context.ts';
import { dnsNamesOf, findNetwork, hostInterfaceOf } from './endpoints.ts';
import type { NetworkRecord, SandboxRequest } from './types.ts';

/**
 * At boot: what running containers hold becomes known again, what nobody
 * holds is removed, and what should be is made if it is missing. Rules stay
 * in force until they are replaced in one step, so no connection notices.
 */
export async function recover(context: Context, running: readonly SandboxRequest[]): Promise<void> {
  for (const request of running) await adopt(context, request);
  const bridges = [...context.records.values()].filter((network) => network.driver === 'bridge');
  const endpoints = [...context.sandboxes.values()].flatMap((sandbox) => sandbox.endpoints);
  const present = await context.driver.sweep({
    bridges: new Set(bridges.map((network) => network.bridge)),
    hostInterfaces: new Set(endpoints.filter((it) => it.interfaceName).map((it) => interfaceOf(context, it))),
    containerIds: new Set(context.sandboxes.keys()),
    networkIds: new Set(bridges.filter(hasNames).map((network) => network.id)),
  });
  for (const network of bridges) {
    try {
      await restoreBridge(context, network, present);
    } catch (error) {
      // One network that cannot be made must not keep the engine, and all other networks, from starting.
      context.warn(`network ${network.name}: its bridge cannot be made`, error);
    }
  }
  try {
    await program(context);
  } catch (error) {
    // Without nft the engine still shows and runs containers that need no network; setUp says so to the others.
    context.warn('the rules of networks and published ports cannot be put in force', error);
  }
  const named = bridges.filter((network) => hasNames(network) && endpointsOn(context, network.id).length > 0);
  await publishNames(
    context,
    named.map((network) => network.id),
  );
}

const interfaceOf = (context: Context, endpoint: Attached): string => hostInterfaceOf(context.instance, endpoint.id);

async function restoreBridge(context: Context, network: NetworkRecord, present: ReadonlySet<string>): Promise<void> {
  await context.driver.ensureBridge(bridgeSpec(network));
  if (present.has(network.bridge)) return;
  for (const endpoint of endpointsOn(context, network.id)) {
    const name = interfaceOf(context, endpoint);
    if (present.has(name)) await context.driver.reattach(name, network.bridge);
  }
}

async function adopt(context: Context, request: SandboxRequest): Promise<void> {
  const endpoints = Object.entries(request.endpoints).flatMap(([name, settings]) => {
    const network = findNetwork(context.records, settings.NetworkID || name) ?? findNetwork(context.records, name);
    return network && settings.EndpointID ? [{ network, settings }] : [];
  });
  const sandbox: SandboxState = {
    request,
    containerName: request.containerName,
    endpoints: [],
    published: [],
  };
  const wired = endpoints.some(({ network }) => network.driver === 'bridge');
  const names = wired ? await interfacesOf(context, request) : new Map<string, string>();
  for (const { network, settings } of endpoints) {
    const name = names.get(settings.MacAddress) ?? `eth${sandbox.endpoints.length}`;
    sandbox.endpoints.push(adoptEndpoint(request, network, settings, name));
    if (settings.IPAddress) context.ipam.adopt(network.id, settings.IPAddress);
  }
  context.sandboxes.set(request.containerId, sandbox);
  const { published, lost } = await context.ports.adopt(request.ports);
  sandbox.published = published;
  for (const port of lost) {
    context.warn(
      `container ${request.containerName}: ${port.ip}:${port.port}/${port.protocol} is held by another program`,
    );
  }
}

/** What the interfaces are called inside, by MAC address. */
async function interfacesOf(context: Context, request: SandboxRequest): Promise<ReadonlyMap<string, string>> {
  try {
    return await context.driver.interfaces(request.containerId);
  } catch (error) {
    context.warn(`container ${request.containerName}: its network namespace cannot be read`, error);
    return new Map();
  }
}

function adoptEndpoint(
  request: SandboxRequest,
  network: NetworkRecord,
  settings: EndpointSettings,
  interfaceName: string,
): Attached {
  const isBridge = network.driver === 'bridge';
  return {
    id: settings.EndpointID,
    networkId: network.id,
    containerId: request.containerId,
    containerName: request.containerName,
    interfaceName: isBridge ? interfaceName : '',
    macAddress: settings.MacAddress,
    ipv4: settings.IPAddress,
    ipv4PrefixLength: settings.IPPrefixLen || prefixLengthOf(network),
    gateway: isBridge && !network.internal ? gatewayOf(network) : '',
    dnsNames: hasNames(network) ? (settings.DNSNames ?? dnsNamesOf(request, settings)) : [],
    wanted: settings,
  };
}
