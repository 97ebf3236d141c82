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
  await program(context);
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
  for (const { network, settings } of endpoints) {
    sandbox.endpoints.push(adoptEndpoint(request, network, settings, sandbox.endpoints.length));
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

/** The name inside the container is the order in which it was connected: what is needed of it is that no other has it. */
function adoptEndpoint(
  request: SandboxRequest,
  network: NetworkRecord,
  settings: EndpointSettings,
  index: number,
): Attached {
  const isBridge = network.driver === 'bridge';
  return {
    id: settings.EndpointID,
    networkId: network.id,
    containerId: request.containerId,
    containerName: request.containerName,
    interfaceName: isBridge ? `eth${index}` : '',
    macAddress: settings.MacAddress,
    ipv4: settings.IPAddress,
    ipv4PrefixLength: settings.IPPrefixLen || prefixLengthOf(network),
    gateway: isBridge && !network.internal ? gatewayOf(network) : '',
    dnsNames: hasNames(network) ? (settings.DNSNames ?? dnsNamesOf(request, settings)) : [],
    wanted: settings,
  };
}
