import { EngineError } from '#core/errors.ts';
import { contains, formatIpv4, lastAddress, overlaps, parseIpv4, parseSubnet, type Subnet } from '#lib/ipv4.ts';
import type { NetworkRecord } from './types.ts';

/** Docker's order of private ranges: 172.17/16 to 172.31/16, then 192.168.0.0/16 in pieces of /20. */
export const DEFAULT_POOLS: readonly Subnet[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${index * 16}.0/20`),
].map((text) => parseSubnet(text)!);

/** The first default range that overlaps nothing of `taken`. */
export function choosePool(taken: readonly Subnet[]): Subnet {
  const free = DEFAULT_POOLS.find((pool) => !taken.some((other) => overlaps(pool, other)));
  if (!free) {
    const text = 'all predefined address pools have been fully subnetted';
    throw new EngineError('invalid_argument', text);
  }
  return free;
}

/** Addresses in use, by network. Pure book-keeping: what is free is what nobody in this engine was given. */
export type Ipam = {
  /** Takes `wanted`, or the lowest free address of the range. Throws when taken, out of range or none is left. */
  allocate(network: NetworkRecord, wanted?: string): string;
  /** Notes an address that is in use already; at boot. */
  adopt(networkId: string, address: string): void;
  release(networkId: string, address: string): void;
};

/** The parsed form of a network's only address pool. */
export function poolOf(network: NetworkRecord): {
  subnet: Subnet;
  range: Subnet;
  gateway: number;
  reserved: Set<number>;
} {
  const config = network.ipam.Config[0];
  const subnet = parseSubnet(config?.Subnet ?? '');
  if (!config || !subnet) throw new EngineError('internal', `network ${network.name} has no address range`);
  const gateway = parseIpv4(config.Gateway ?? '') ?? subnet.base + 1;
  const auxiliary = Object.values(config.AuxiliaryAddresses ?? {}).flatMap((text) => parseIpv4(text) ?? []);
  const reserved = new Set([subnet.base, lastAddress(subnet), gateway, ...auxiliary]);
  return { subnet, range: parseSubnet(config.IPRange ?? '') ?? subnet, gateway, reserved };
}

export function createIpam(): Ipam {
  const used = new Map<string, Set<number>>();
  const usedOf = (networkId: string): Set<number> => {
    const found = used.get(networkId) ?? new Set<number>();
    used.set(networkId, found);
    return found;
  };

  function take(network: NetworkRecord, wanted: string): number {
    const { subnet, reserved } = poolOf(network);
    const address = parseIpv4(wanted);
    if (address === null) throw new EngineError('invalid_argument', `invalid IPv4 address: ${wanted}`);
    if (!contains(subnet, address)) {
      throw new EngineError(
        'invalid_argument',
        `invalid config for network ${network.name}: invalid endpoint settings:\nno configured subnet or ip-range contain the IP address ${wanted}`,
      );
    }
    if (reserved.has(address) || usedOf(network.id).has(address)) {
      throw new EngineError('forbidden', 'Address already in use');
    }
    return address;
  }

  return {
    allocate(network, wanted) {
      const taken = usedOf(network.id);
      if (wanted) {
        const address = take(network, wanted);
        taken.add(address);
        return wanted;
      }
      const { range, reserved } = poolOf(network);
      for (let address = range.base; address <= lastAddress(range); address++) {
        if (taken.has(address) || reserved.has(address)) continue;
        taken.add(address);
        return formatIpv4(address);
      }
      throw new EngineError(
        'unavailable',
        `no available IPv4 addresses on this network's address pools: ${network.name} (${network.id})`,
      );
    },
    adopt(networkId, address) {
      const value = parseIpv4(address);
      if (value !== null) usedOf(networkId).add(value);
    },
    release(networkId, address) {
      const value = parseIpv4(address);
      const taken = used.get(networkId);
      if (value !== null) taken?.delete(value);
      if (taken?.size === 0) used.delete(networkId);
    },
  };
}

/** Docker's rule: 02:42 and the four bytes of the address. */
export const macOf = (ipv4: string): string =>
  ['02', '42', ...ipv4.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
