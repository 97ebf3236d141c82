import { formatIpv4, formatSubnet, overlaps, parseSubnet } from '#lib/ipv4.ts';
import type { NetworksDeps } from './context.ts';
import { OPTION, subnetsOf } from './create.ts';
import { choosePool } from './ipam.ts';
import type { NetworkRecord } from './types.ts';

const parsed = (texts: readonly string[]) => texts.flatMap((text) => parseSubnet(text) ?? []);

function base(name: string, identity: { id: string; created: string }) {
  return {
    ...identity,
    name,
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    options: {},
    labels: {},
    predefined: true,
    bridge: '',
  };
}

function bridgeOptions(bridge: string): Record<string, string> {
  return {
    [OPTION.defaultBridge]: 'true',
    [OPTION.icc]: 'true',
    [OPTION.masquerade]: 'true',
    [OPTION.hostBinding]: '0.0.0.0',
    [OPTION.bridgeName]: bridge,
    [OPTION.mtu]: '1500',
  };
}

/** The three networks that are always there; missing ones are made, durably. */
export async function ensurePredefined(
  deps: Pick<NetworksDeps, 'driver' | 'store' | 'now'>,
  records: Map<string, NetworkRecord>,
  identity: () => { id: string; bridge: string },
): Promise<void> {
  const byName = new Map([...records.values()].filter((it) => it.predefined).map((it) => [it.name, it]));
  const add = async (record: NetworkRecord): Promise<void> => {
    await deps.store.insert(record);
    records.set(record.id, record);
  };
  for (const name of ['host', 'none'] as const) {
    if (byName.has(name)) continue;
    const { id } = identity();
    const ipam = { Driver: 'default', Options: {}, Config: [] };
    await add({ ...base(name, { id, created: deps.now() }), driver: name === 'host' ? 'host' : 'null', ipam });
  }
  if (!byName.has('bridge')) {
    const { id, bridge } = identity();
    const made = { ...base('bridge', { id, created: deps.now() }), driver: 'bridge' as const, bridge };
    const ipam = { Driver: 'default', Options: {}, Config: [await freePool(deps, records)] };
    await add({ ...made, options: bridgeOptions(bridge), ipam });
  }
}

async function freePool(deps: Pick<NetworksDeps, 'driver'>, records: Map<string, NetworkRecord>, except = '') {
  const others = [...records.values()].filter((it) => it.id !== except);
  const taken = parsed([...(await deps.driver.connectedSubnets()), ...(await deps.driver.routedSubnets())]);
  const subnet = choosePool([...subnetsOf(others), ...taken]);
  return { Subnet: formatSubnet(subnet), Gateway: formatIpv4(subnet.base + 1) };
}

/**
 * Networks move to another range when the host has meanwhile got an address in theirs (another engine, a new network
 * card), unless the user chose the range or a running container is on it: two interfaces with one range would cut off
 * both.
 */
export async function moveAway(
  deps: Pick<NetworksDeps, 'driver' | 'store' | 'warn'>,
  records: Map<string, NetworkRecord>,
  inUse: (networkId: string) => boolean,
): Promise<void> {
  const connected = parsed(await deps.driver.connectedSubnets());
  for (const network of [...records.values()].filter((it) => it.driver === 'bridge')) {
    const own = parseSubnet(network.ipam.Config[0]?.Subnet ?? '');
    if (!own || !connected.some((other) => overlaps(own, other))) continue;
    if (network.subnetGiven || inUse(network.id)) {
      deps.warn(`network ${network.name}: ${formatSubnet(own)} is in use on this host by something else, too`);
      continue;
    }
    const pool = await freePool(deps, records, network.id);
    deps.warn(`network ${network.name}: ${formatSubnet(own)} is in use on this host now; it moves to ${pool.Subnet}`);
    const moved = { ...network, ipam: { ...network.ipam, Config: [pool] } };
    await deps.store.update(moved);
    records.set(moved.id, moved);
  }
}
