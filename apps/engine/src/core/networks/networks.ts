import { auditScope } from '#core/audit/scope.ts';
import type { EndpointSettings } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { newId } from '#lib/ids.ts';
import { parseSubnet, type Subnet } from '#lib/ipv4.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import { announce, bridgeSpec, type Context, endpointsOn, hasNames, type NetworksDeps, program } from './context.ts';
import { checkCreate, type NetworkCreate, newNetwork } from './create.ts';
import { blankSettings, checkWantedAddress, findNetwork, requireNetwork } from './endpoints.ts';
import { createIpam } from './ipam.ts';
import { ensurePredefined, moveAway } from './predefined.ts';
import { createPortAllocator } from './published.ts';
import { recover } from './recover.ts';
import { assertModesMix, connect, disconnect, rename, setUp, tearDown } from './sandboxes.ts';
import type { ContainerNetworking, Endpoint, NetworkRecord } from './types.ts';

/** Networks as people see them, and what containers ask of them. Sibling noun: containers (by its port only). */
export type Networks = ContainerNetworking & {
  list(): NetworkRecord[];
  /** By name, id or unique prefix. Throws not_found. */
  get(reference: string): NetworkRecord;
  /** Of running containers. */
  endpoints(networkId: string): Endpoint[];
  create(request: NetworkCreate): Promise<NetworkRecord>;
  remove(reference: string): Promise<void>;
  /** Removes networks without endpoints that `matches`; their names. */
  prune(matches: (network: NetworkRecord) => boolean): Promise<string[]>;
  /** POST /networks/{id}/connect: of a running container at once, of another at its next start. */
  connectContainer(reference: string, container: string, settings: Partial<EndpointSettings>): Promise<void>;
  disconnectContainer(reference: string, container: string, options: { force: boolean }): Promise<void>;
};

export async function createNetworks(deps: NetworksDeps): Promise<Networks> {
  const records = new Map((await deps.store.load()).map((record) => [record.id, record]));
  const context: Context = {
    ...deps,
    records,
    sandboxes: new Map(),
    ipam: createIpam(),
    ports: createPortAllocator(deps.driver),
    rules: { inForce: false },
    lock: createKeyedMutex(),
  };
  await ensurePredefined(deps, records, () => newIdentity(context));
  const changes = createKeyedMutex();
  /** Creation and removal of networks: one at a time. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => changes('networks', work);

  return {
    resolve: (reference) => findNetwork(records, reference),
    setUp: (request) => context.lock(request.containerId, () => setUp(context, request)),
    tearDown: (id) => context.lock(id, () => tearDown(context, id)),
    connect: (id, name, settings) => context.lock(id, () => connect(context, id, name, settings)),
    disconnect: (id, name) => context.lock(id, () => disconnect(context, id, name)),
    rename: (id, name) => context.lock(id, () => rename(context, id, name)),
    async recover(running) {
      const used = new Set(running.flatMap((it) => Object.values(it.endpoints).map((endpoint) => endpoint.NetworkID)));
      await moveAway(deps, records, (id) => used.has(id));
      await recover(context, running);
    },
    list: () => [...records.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (reference) => requireNetwork(context, reference),
    endpoints: (networkId) => endpointsOn(context, networkId),
    create: (request) => exclusively(() => create(context, request)),
    remove: (reference) => exclusively(() => remove(context, requireNetwork(context, reference))),
    prune: (matches) => exclusively(() => prune(context, matches)),
    connectContainer: (reference, container, settings) => connectContainer(context, reference, container, settings),
    disconnectContainer: (reference, container, options) => disconnectContainer(context, reference, container, options),
  };
}

/** Six digits of the id name the bridge, so no two networks may share them. */
function newIdentity(context: Pick<Context, 'records' | 'instance'>): { id: string; bridge: string } {
  const used = new Set([...context.records.values()].map((network) => network.bridge));
  for (;;) {
    const id = newId();
    const bridge = `gy${context.instance}-${id.slice(0, 6)}`;
    if (!used.has(bridge)) return { id, bridge };
  }
}

const parsed = (texts: readonly string[]): Subnet[] => texts.flatMap((text) => parseSubnet(text) ?? []);

async function create(context: Context, request: NetworkCreate): Promise<NetworkRecord> {
  checkCreate(request);
  const networks = [...context.records.values()];
  if (networks.some((network) => network.name === request.name)) {
    throw new EngineError('conflict', `network with name ${request.name} already exists`);
  }
  const identity = { ...newIdentity(context), created: context.now() };
  const connected = parsed(await context.driver.connectedSubnets());
  const routed = parsed(await context.driver.routedSubnets());
  const record = newNetwork(request, identity, { networks, connected, routed });
  auditScope.object('network', record.id, record.name);
  try {
    await context.driver.ensureBridge(bridgeSpec(record));
    context.records.set(record.id, record);
    await program(context);
    await context.store.insert(record);
  } catch (error) {
    context.records.delete(record.id);
    await undoCreate(context, record);
    throw error;
  }
  announce(context, 'create', record);
  return record;
}

async function undoCreate(context: Context, record: NetworkRecord): Promise<void> {
  const steps = await Promise.allSettled([context.driver.removeBridge(record.bridge), program(context)]);
  for (const step of steps) {
    if (step.status === 'rejected') context.warn(`undoing the creation of network ${record.name}`, step.reason);
  }
}

async function remove(context: Context, network: NetworkRecord): Promise<void> {
  auditScope.object('network', network.id, network.name);
  if (network.predefined) {
    throw new EngineError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
  }
  if (endpointsOn(context, network.id).length > 0) {
    const text = `error while removing network: network ${network.name} id ${network.id} has active endpoints`;
    throw new EngineError('forbidden', text);
  }
  // Out of sight first: a container that starts meanwhile is told that there is no such network.
  context.records.delete(network.id);
  try {
    await context.store.delete(network.id);
  } catch (error) {
    context.records.set(network.id, network);
    throw error;
  }
  // What fails from here on is swept at the next boot: the network is gone for everybody already.
  const steps = await Promise.allSettled([
    program(context),
    context.driver.removeBridge(network.bridge),
    hasNames(network) ? context.driver.setNames(network.id, null) : undefined,
  ]);
  for (const step of steps) {
    if (step.status === 'rejected') context.warn(`removing network ${network.name} from the host`, step.reason);
  }
  announce(context, 'destroy', network);
}

async function prune(context: Context, matches: (network: NetworkRecord) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const network of [...context.records.values()]) {
    if (network.predefined || endpointsOn(context, network.id).length > 0 || !matches(network)) continue;
    await remove(context, network);
    removed.push(network.name);
  }
  context.events.publish({ type: 'network', action: 'prune', id: '', attributes: { reclaimed: '0' } });
  return removed;
}

async function connectContainer(
  context: Context,
  reference: string,
  containerReference: string,
  settings: Partial<EndpointSettings>,
): Promise<void> {
  const network = requireNetwork(context, reference);
  const containers = context.containers();
  const container = containers.resolve(containerReference);
  auditScope.object('network', network.id, network.name);
  auditScope.detail({ container: container.id });
  if (container.hostConfig.NetworkMode.startsWith('container:')) {
    const text =
      'container sharing network namespace with another container or host cannot be connected to any other network';
    throw new EngineError('invalid_argument', text);
  }
  checkWantedAddress(network, settings.IPAMConfig?.IPv4Address);
  if (isUp(container.state.status)) {
    const inForce = await context.lock(container.id, () => connect(context, container.id, network.id, settings));
    try {
      await containers.setEndpoint(container.id, network.name, inForce);
    } catch (error) {
      await context.lock(container.id, () => disconnect(context, container.id, network.id));
      throw error;
    }
    return;
  }
  if (Object.hasOwn(container.networks, network.name)) {
    throw new EngineError(
      'forbidden',
      `endpoint with name ${container.name} already exists in network ${network.name}`,
    );
  }
  const drivers = Object.keys(container.networks).flatMap((name) => findNetwork(context.records, name)?.driver ?? []);
  assertModesMix(drivers, network);
  await containers.setEndpoint(container.id, network.name, blankSettings({ ...settings, NetworkID: network.id }));
}

const isUp = (status: string): boolean => status === 'running' || status === 'paused';

async function disconnectContainer(
  context: Context,
  reference: string,
  containerReference: string,
  options: { force: boolean },
): Promise<void> {
  const network = requireNetwork(context, reference);
  const containers = context.containers();
  const container = containers.resolve(containerReference);
  auditScope.object('network', network.id, network.name);
  auditScope.detail({ container: container.id });
  const connected = Object.hasOwn(container.networks, network.name);
  if (!connected && !options.force) {
    throw new EngineError('forbidden', `container ${container.id} is not connected to network ${network.name}`);
  }
  if (isUp(container.state.status)) {
    await context.lock(container.id, () => disconnect(context, container.id, network.id));
  }
  if (connected) await containers.setEndpoint(container.id, network.name, null);
}
