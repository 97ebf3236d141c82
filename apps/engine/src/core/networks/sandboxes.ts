import type { EndpointSettings } from '#core/containers/types.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import {
  type Attached,
  announce,
  type Context,
  gatewayOf,
  hasNames,
  mtuOf,
  primaryOf,
  program,
  publishNames,
  resolverOf,
  type SandboxState,
} from './context.ts';
import { OPTION } from './create.ts';
import {
  blankSettings,
  dnsNamesOf,
  freeInterfaceName,
  hostInterfaceOf,
  inForce,
  requireNetwork,
  reserveEndpoint,
} from './endpoints.ts';
import { hostsFile, resolvConf } from './files.ts';
import { toBindings } from './published.ts';
import type { NetworkRecord, Sandbox, SandboxRequest } from './types.ts';

const ANY = '0.0.0.0';

/** See ContainerNetworking.setUp. The caller holds the container's lock. */
export async function setUp(context: Context, request: SandboxRequest): Promise<Sandbox> {
  if (context.sandboxes.has(request.containerId)) await tearDown(context, request.containerId);
  const wanted = Object.entries(request.endpoints).map(([name, settings]) => ({
    network: requireNetwork(context, name),
    settings,
  }));
  const sandbox: SandboxState = { request, containerName: request.containerName, endpoints: [], published: [] };
  // From here on the networks are in use: nobody removes them under us.
  context.sandboxes.set(request.containerId, sandbox);
  const onHost = wanted.some(({ network }) => network.driver === 'host');
  try {
    for (const { network, settings } of wanted) {
      const name = freeInterfaceName(sandbox.endpoints);
      sandbox.endpoints.push(reserveEndpoint(context, network, request, blankSettings(settings), name));
    }
    if (!onHost) await makeReal(context, sandbox);
  } catch (error) {
    await tearDown(context, request.containerId).catch((cause: unknown) =>
      context.warn(`undoing the network of container ${request.containerId}`, cause),
    );
    throw error;
  }
  for (const { network } of wanted) announce(context, 'connect', network, request.containerId);
  return describe(context, sandbox, onHost);
}

async function makeReal(context: Context, sandbox: SandboxState): Promise<void> {
  const steps = await Promise.allSettled([wire(context, sandbox), publishPorts(context, sandbox)]);
  for (const step of steps) if (step.status === 'rejected') throw step.reason;
}

async function wire(context: Context, sandbox: SandboxState): Promise<void> {
  const { request } = sandbox;
  if (!context.rules.inForce && sandbox.endpoints.some((it) => it.interfaceName)) await program(context);
  await context.driver.openSandbox(request.containerId, request.sysctls);
  for (const endpoint of sandbox.endpoints) await attach(context, sandbox, endpoint);
  await publishNames(
    context,
    sandbox.endpoints.map((it) => it.networkId),
  );
}

async function attach(context: Context, sandbox: SandboxState, endpoint: Attached): Promise<void> {
  const network = context.records.get(endpoint.networkId);
  if (network?.driver !== 'bridge') return;
  await context.driver.attach({
    containerId: endpoint.containerId,
    bridge: network.bridge,
    hostInterface: hostInterfaceOf(context.instance, endpoint.id),
    interfaceName: endpoint.interfaceName,
    macAddress: endpoint.macAddress,
    ipv4: endpoint.ipv4,
    prefixLength: endpoint.ipv4PrefixLength,
    gateway: primaryOf(context, sandbox) === endpoint ? gatewayOf(network) : null,
    resolver: resolverOf(context, sandbox) === endpoint ? gatewayOf(network) : null,
    mtu: mtuOf(network),
  });
}

async function publishPorts(context: Context, sandbox: SandboxState): Promise<void> {
  const primary = primaryOf(context, sandbox);
  const { ports, containerName } = sandbox.request;
  if (!primary || Object.keys(ports).length === 0) return;
  const hostIp = context.records.get(primary.networkId)?.options[OPTION.hostBinding] ?? ANY;
  try {
    sandbox.published = await context.ports.publish(ports, hostIp);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    const text = `driver failed programming external connectivity on endpoint ${containerName} (${primary.id}): ${error.message}`;
    const code = error.code === 'conflict' ? 'internal' : error.code;
    throw new EngineError(code, text, { cause: error, details: { portTaken: error.code === 'conflict' } });
  }
  await program(context);
}

/** See ContainerNetworking.tearDown. The caller holds the container's lock. */
export async function tearDown(context: Context, containerId: string): Promise<void> {
  const sandbox = context.sandboxes.get(containerId);
  if (!sandbox) return context.driver.closeSandbox(containerId);
  context.sandboxes.delete(containerId);
  const steps = await Promise.allSettled([unwire(context, sandbox), unpublish(context, sandbox)]);
  for (const endpoint of sandbox.endpoints) {
    if (endpoint.ipv4) context.ipam.release(endpoint.networkId, endpoint.ipv4);
    const network = context.records.get(endpoint.networkId);
    if (network) announce(context, 'disconnect', network, containerId);
  }
  for (const step of steps) if (step.status === 'rejected') throw step.reason;
}

async function unwire(context: Context, sandbox: SandboxState): Promise<void> {
  const { driver, instance } = context;
  // The kernel takes a namespace apart when it likes; the address may be somebody else's by then.
  for (const endpoint of sandbox.endpoints) {
    if (endpoint.interfaceName) await driver.detach(hostInterfaceOf(instance, endpoint.id));
  }
  await driver.closeSandbox(sandbox.request.containerId);
  await publishNames(
    context,
    sandbox.endpoints.map((it) => it.networkId),
  );
}

async function unpublish(context: Context, sandbox: SandboxState): Promise<void> {
  if (sandbox.published.length === 0) return;
  await program(context);
  await context.ports.release(sandbox.published);
}

/** See ContainerNetworking.connect. The caller holds the container's lock. */
export async function connect(
  context: Context,
  containerId: string,
  networkName: string,
  settings: Partial<EndpointSettings>,
): Promise<EndpointSettings> {
  const network = requireNetwork(context, networkName);
  const sandbox = context.sandboxes.get(containerId);
  if (!sandbox) throw new EngineError('conflict', `container ${containerId} is not running`);
  assertConnectable(context, sandbox, network);
  const name = freeInterfaceName(sandbox.endpoints);
  const endpoint = reserveEndpoint(context, network, sandbox.request, blankSettings(settings), name);
  const before = primaryOf(context, sandbox);
  const resolverBefore = resolverOf(context, sandbox);
  sandbox.endpoints.push(endpoint);
  try {
    await attach(context, sandbox, endpoint);
    await followRoutes(context, sandbox, before, resolverBefore);
    await publishNames(context, [network.id]);
  } catch (error) {
    await drop(context, sandbox, endpoint).catch((cause: unknown) => context.warn('undoing a connection', cause));
    throw error;
  }
  announce(context, 'connect', network, containerId);
  return inForce(endpoint);
}

function assertConnectable(context: Context, sandbox: SandboxState, network: NetworkRecord): void {
  const networks = sandbox.endpoints.map((it) => context.records.get(it.networkId));
  if (networks.some((it) => it?.id === network.id)) {
    const text = `endpoint with name ${sandbox.containerName} already exists in network ${network.name}`;
    throw new EngineError('forbidden', text);
  }
  assertModesMix(
    networks.flatMap((it) => it?.driver ?? []),
    network,
  );
}

/** Docker's words for what cannot be combined. */
export function assertModesMix(drivers: readonly string[], network: NetworkRecord): void {
  if (drivers.includes('host') || (network.driver === 'host' && drivers.length > 0)) {
    throw new EngineError(
      'invalid_argument',
      'container cannot be disconnected from host network or connected to host network',
    );
  }
  if (drivers.includes('null') || (network.driver === 'null' && drivers.length > 0)) {
    const text = 'container cannot be connected to multiple networks with one of the networks in private (none) mode';
    throw new EngineError('forbidden', text);
  }
}

/** Moves the default route, the way to names and the published ports when another endpoint is now the first. */
async function followRoutes(
  context: Context,
  sandbox: SandboxState,
  primaryBefore: Attached | undefined,
  resolverBefore: Attached | undefined,
): Promise<void> {
  const primary = primaryOf(context, sandbox);
  const resolver = resolverOf(context, sandbox);
  if (primary === primaryBefore && resolver === resolverBefore) return;
  const gatewayFor = (endpoint: Attached | undefined): string => {
    const network = endpoint && context.records.get(endpoint.networkId);
    return network ? gatewayOf(network) : '';
  };
  await context.driver.setRoutes(sandbox.request.containerId, {
    gateway: gatewayFor(primary) || null,
    resolver: resolver ? { address: gatewayFor(resolver), interfaceName: resolver.interfaceName } : null,
  });
  if (primary !== primaryBefore && sandbox.published.length > 0) await program(context);
}

async function drop(context: Context, sandbox: SandboxState, endpoint: Attached): Promise<void> {
  const before = primaryOf(context, sandbox);
  const resolverBefore = resolverOf(context, sandbox);
  sandbox.endpoints = sandbox.endpoints.filter((it) => it !== endpoint);
  try {
    if (endpoint.interfaceName) await context.driver.detach(hostInterfaceOf(context.instance, endpoint.id));
    await followRoutes(context, sandbox, before, resolverBefore);
    await publishNames(context, [endpoint.networkId]);
  } finally {
    if (endpoint.ipv4) context.ipam.release(endpoint.networkId, endpoint.ipv4);
  }
}

/** See ContainerNetworking.disconnect. The caller holds the container's lock. */
export async function disconnect(context: Context, containerId: string, networkName: string): Promise<void> {
  const network = requireNetwork(context, networkName);
  const sandbox = context.sandboxes.get(containerId);
  const endpoint = sandbox?.endpoints.find((it) => it.networkId === network.id);
  if (!sandbox || !endpoint) {
    throw new EngineError('forbidden', `container ${containerId} is not connected to network ${network.name}`);
  }
  if (network.driver === 'host') {
    throw new EngineError(
      'invalid_argument',
      'container cannot be disconnected from host network or connected to host network',
    );
  }
  await drop(context, sandbox, endpoint);
  announce(context, 'disconnect', network, containerId);
}

export async function rename(context: Context, containerId: string, name: string): Promise<void> {
  const sandbox = context.sandboxes.get(containerId);
  if (!sandbox) return;
  sandbox.containerName = name;
  sandbox.request = { ...sandbox.request, containerName: name };
  for (const endpoint of sandbox.endpoints) {
    endpoint.containerName = name;
    const network = context.records.get(endpoint.networkId);
    if (network && hasNames(network)) endpoint.dnsNames = dnsNamesOf(sandbox.request, endpoint.wanted);
  }
  await publishNames(
    context,
    sandbox.endpoints.map((it) => it.networkId),
  );
}

async function describe(context: Context, sandbox: SandboxState, onHost: boolean): Promise<Sandbox> {
  const { request } = sandbox;
  const host = await context.driver.hostFiles();
  const primary = primaryOf(context, sandbox);
  const nameOf = (endpoint: Attached): string => context.records.get(endpoint.networkId)?.name ?? '';
  return {
    netnsPath: onHost ? '' : context.driver.sandboxPath(request.containerId),
    endpoints: Object.fromEntries(sandbox.endpoints.map((it) => [nameOf(it), inForce(it)])),
    ports: toBindings(sandbox.published),
    hosts: hostsFile({
      ...(onHost ? { base: host.hosts } : {}),
      hostname: onHost ? '' : request.hostname,
      addresses: sandbox.endpoints.flatMap((it) => it.ipv4 || []),
      extraHosts: request.extraHosts ?? [],
      gateway: primary?.gateway ?? (onHost ? '127.0.0.1' : ''),
      links: linkLines(context, sandbox),
    }),
    resolvConf: resolvConf({
      host: host.resolvConf,
      names: resolverOf(context, sandbox) !== undefined,
      sameAsHost: onHost,
      dns: request.dns,
      dnsSearch: request.dnsSearch ?? [],
      dnsOptions: request.dnsOptions ?? [],
    }),
  };
}

/** Links to containers on a network they share. */
function linkLines(context: Context, sandbox: SandboxState): { address: string; names: string }[] {
  return (sandbox.request.links ?? []).flatMap(({ containerId, name, alias }) => {
    const other = context.sandboxes.get(containerId)?.endpoints ?? [];
    const shared = other.find((it) => it.ipv4 && sandbox.endpoints.some((own) => own.networkId === it.networkId));
    if (!shared) return [];
    const names = [...new Set([alias, containerId.slice(0, 12), name])].filter((it) => it !== '').join(' ');
    return [{ address: shared.ipv4, names }];
  });
}
