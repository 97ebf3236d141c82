import { EngineError } from '#core/errors.ts';
import {
  contains,
  formatIpv4,
  formatSubnet,
  lastAddress,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
} from '#lib/ipv4.ts';
import { choosePool } from './ipam.ts';
import type { IpamPool, NetworkRecord } from './types.ts';

/** POST /networks/create, decoded; nothing is checked yet but types. */
export type NetworkCreate = {
  name: string;
  driver: string;
  scope: string;
  internal: boolean;
  attachable: boolean;
  ingress: boolean;
  configOnly: boolean;
  configFrom: string;
  enableIPv4: boolean;
  enableIPv6: boolean;
  ipam: { Driver: string; Options: Record<string, string>; Config: IpamPool[] };
  options: Record<string, string>;
  labels: Record<string, string>;
};

export const PREDEFINED = ['bridge', 'host', 'none'] as const;

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MAX_NAME = 128;
const MAX_TEXT = 4096;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;

function checkName(name: string): void {
  if (name === '') throw invalid('invalid network name: name is empty');
  if (!NAME.test(name) || name.length > MAX_NAME) {
    throw invalid(
      `invalid network name: ${JSON.stringify(name.slice(0, MAX_NAME))}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at most ${MAX_NAME} characters`,
    );
  }
  if ((PREDEFINED as readonly string[]).includes(name)) {
    throw new EngineError('forbidden', `operation is not permitted on predefined ${name} network`);
  }
}

const SWARM_DRIVERS = ['overlay'];
const OTHER_DRIVERS = ['macvlan', 'ipvlan'];

function checkDriver(driver: string): void {
  if (driver === 'bridge') return;
  if (driver === 'host' || driver === 'null') {
    throw new EngineError('forbidden', `only one instance of "${driver}" network is allowed`);
  }
  if (SWARM_DRIVERS.includes(driver)) throw new EngineError('forbidden', 'This node is not a swarm manager.');
  if (OTHER_DRIVERS.includes(driver)) {
    throw new EngineError('not_implemented', `networks of driver ${driver} are not implemented by Gantry`);
  }
  throw new EngineError(
    'not_found',
    `could not find plugin ${driver} in v1 plugin registry: plugin "${driver}" not found`,
  );
}

function checkFeatures(request: NetworkCreate): void {
  const missing = (what: string) => new EngineError('not_implemented', `${what} are not implemented by Gantry`);
  if (request.configOnly || request.configFrom) throw missing('configuration-only networks');
  if (request.ingress) throw missing('ingress networks');
  if (request.scope === 'swarm') throw missing('swarm networks');
  if (request.enableIPv6 || request.ipam.Config.some((it) => it.Subnet?.includes(':'))) throw missing('IPv6 networks');
  if (!request.enableIPv4) throw missing('networks without IPv4');
  if (request.ipam.Driver !== 'default' && request.ipam.Driver !== '') {
    throw new EngineError(
      'not_found',
      `could not find plugin ${request.ipam.Driver} in v1 plugin registry: plugin "${request.ipam.Driver}" not found`,
    );
  }
}

/** Options of the bridge driver that mean something here. Others are kept and shown, as Docker does. */
export const OPTION = {
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
  bridgeName: 'com.docker.network.bridge.name',
  defaultBridge: 'com.docker.network.bridge.default_bridge',
} as const;

function checkTexts(request: NetworkCreate): void {
  for (const [key, value] of [...Object.entries(request.options), ...Object.entries(request.ipam.Options)]) {
    if (CONTROL.test(key) || CONTROL.test(value) || value.length > MAX_TEXT)
      throw invalid(`invalid option ${JSON.stringify(key)}`);
  }
  for (const key of [OPTION.icc, OPTION.masquerade]) {
    const value = request.options[key];
    if (value !== undefined && !['true', 'false', '1', '0'].includes(value.toLowerCase())) {
      throw invalid(`failed to parse ${key} value: ${JSON.stringify(value)} (boolean expected)`);
    }
  }
  const mtu = request.options[OPTION.mtu];
  if (mtu !== undefined && !(/^\d{1,5}$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65_535)) {
    throw invalid(`failed to parse ${OPTION.mtu} value: ${JSON.stringify(mtu)}`);
  }
  const binding = request.options[OPTION.hostBinding];
  if (binding !== undefined && parseIpv4(binding) === null) {
    throw invalid(`failed to parse ${OPTION.hostBinding} value: ${JSON.stringify(binding)}`);
  }
}

const RESERVED = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'].map((text) => parseSubnet(text)!);

function parsePool(config: IpamPool): { subnet: Subnet; range: Subnet | null; gateway: number; config: IpamPool } {
  const subnet = parseSubnet(config.Subnet ?? '');
  const wrong = (message: string) => invalid(`invalid network config:\n${message}`);
  if (!config.Subnet) throw wrong('a gateway or an IP range needs a subnet');
  if (!subnet) throw wrong(`invalid subnet ${config.Subnet}: invalid CIDR block notation`);
  if (formatSubnet(subnet) !== config.Subnet) {
    throw wrong(`invalid subnet ${config.Subnet}: it should be ${formatSubnet(subnet)}`);
  }
  if (subnet.prefixLength < 8 || subnet.prefixLength > 30 || RESERVED.some((other) => overlaps(other, subnet))) {
    throw wrong(`invalid subnet ${config.Subnet}: not usable for containers`);
  }
  const range = config.IPRange ? parseSubnet(config.IPRange) : null;
  if (config.IPRange) {
    if (!range) throw wrong(`invalid ip-range ${config.IPRange}: invalid CIDR block notation`);
    if (!contains(subnet, range.base) || !contains(subnet, lastAddress(range))) {
      throw wrong(`invalid ip-range ${config.IPRange}: parent subnet ${config.Subnet} doesn't contain ip-range`);
    }
  }
  const inside = (text: string, what: string): number => {
    const address = parseIpv4(text);
    if (address === null) throw wrong(`invalid ${what} ${text}: invalid address`);
    if (!contains(subnet, address))
      throw wrong(`invalid ${what} ${text}: parent subnet ${config.Subnet} doesn't contain this address`);
    return address;
  };
  for (const text of Object.values(config.AuxiliaryAddresses ?? {})) inside(text, 'auxiliary address');
  const first = range && range.base !== subnet.base ? range.base + 1 : subnet.base + 1;
  const gateway = config.Gateway ? inside(config.Gateway, 'gateway') : first;
  if (gateway === subnet.base || gateway === lastAddress(subnet)) {
    throw wrong(`invalid gateway ${config.Gateway}: it is the network's own or broadcast address`);
  }
  return { subnet, range, gateway, config };
}

export type Surroundings = {
  /** Networks there are. */
  networks: readonly NetworkRecord[];
  /** Subnets the host has an address in, without the engine's own bridges. */
  connected: readonly Subnet[];
  /** Everything the host has a route to, without the engine's own bridges. */
  routed: readonly Subnet[];
};

export const subnetsOf = (networks: readonly NetworkRecord[]): Subnet[] =>
  networks.flatMap((network) => network.ipam.Config.flatMap((it) => parseSubnet(it.Subnet) ?? []));

/** Checks everything but the world outside, so that bad requests cost nothing. */
export function checkCreate(request: NetworkCreate): void {
  checkName(request.name);
  checkDriver(request.driver);
  checkFeatures(request);
  checkTexts(request);
  if (request.ipam.Config.length > 1) throw invalid("bridge driver doesn't support multiple subnets");
  if (request.ipam.Config[0]) parsePool(request.ipam.Config[0]);
}

/** The record of a new network. Throws when its subnet overlaps another's. */
export function newNetwork(
  request: NetworkCreate,
  identity: { id: string; created: string; bridge: string },
  surroundings: Surroundings,
): NetworkRecord {
  const given = request.ipam.Config[0];
  const own = subnetsOf(surroundings.networks);
  let pool: IpamPool;
  if (given) {
    const { subnet, gateway } = parsePool(given);
    // Two bridges with one subnet, or a bridge with the subnet of the host's own network, would cut off both.
    if ([...own, ...surroundings.connected].some((other) => overlaps(other, subnet))) {
      throw new EngineError('forbidden', 'invalid pool request: Pool overlaps with other one on this address space');
    }
    pool = {
      Subnet: formatSubnet(subnet),
      ...(given.IPRange ? { IPRange: given.IPRange } : {}),
      Gateway: formatIpv4(gateway),
      ...(given.AuxiliaryAddresses ? { AuxiliaryAddresses: given.AuxiliaryAddresses } : {}),
    };
  } else {
    const subnet = choosePool([...own, ...surroundings.connected, ...surroundings.routed]);
    pool = { Subnet: formatSubnet(subnet), Gateway: formatIpv4(subnet.base + 1) };
  }
  return {
    ...identity,
    name: request.name,
    driver: 'bridge',
    enableIPv4: true,
    enableIPv6: false,
    internal: request.internal,
    attachable: request.attachable,
    ipam: { Driver: 'default', Options: request.ipam.Options, Config: [pool] },
    options: request.options,
    labels: request.labels,
    predefined: false,
    subnetGiven: given !== undefined,
  };
}

export const isOn = (value: string | undefined, fallback: boolean): boolean =>
  value === undefined ? fallback : ['true', '1'].includes(value.toLowerCase());
