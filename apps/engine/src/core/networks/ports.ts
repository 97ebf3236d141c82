import type { ContainerRecord, EndpointSettings } from '#core/containers/types.ts';
import type { NetworkRecord } from './types.ts';

/**
 * The host's side of networks. Implemented by drivers/network over rtnetlink,
 * nftables and aardvark-dns, and by a fake in tests.
 *
 * Core decides (which subnet, which address, which host port, which names) and
 * keeps the whole picture; the driver makes the kernel look like it. Links,
 * namespaces and held ports are made and unmade one by one; the firewall and
 * the names are handed over as a whole each time, and are replaced atomically,
 * so that a crash between two steps never leaves half a rule set.
 *
 * Everything the driver makes carries the instance in its name, so that what
 * belongs to nobody can be told from what belongs to somebody else.
 */
export interface NetworkDriver {
  /** Subnets (`10.0.0.0/8`) that the host has an address in, without this instance's own bridges. */
  connectedSubnets(): Promise<string[]>;
  /** Every destination the host has a route for, the default route left out, without this instance's own bridges. */
  routedSubnets(): Promise<string[]>;
  /** Makes the bridge with its address, or brings what is there into that state. */
  ensureBridge(bridge: BridgeSpec): Promise<void>;
  removeBridge(name: string): Promise<void>;
  /** Takes a ready network namespace with `lo` up for the container; its path. Fails when the container has one. */
  openSandbox(containerId: string, sysctls: Record<string, string>): Promise<string>;
  /** Removes the namespace, and with it every interface. Idempotent. */
  closeSandbox(containerId: string): Promise<void>;
  sandboxPath(containerId: string): string;
  /** Names of the interfaces in a sandbox, by MAC address. */
  interfaces(containerId: string): Promise<Map<string, string>>;
  /** Makes an interface pair between bridge and namespace, with address and routes. Everything or nothing. */
  attach(attachment: Attachment): Promise<void>;
  /** Removes the pair. Idempotent. */
  detach(hostInterface: string): Promise<void>;
  /** Makes an interface, with what hangs on it, a port of the bridge again. */
  reattach(hostInterface: string, bridge: string): Promise<void>;
  /** Changes the default route of a namespace and the way to its resolver; null removes them. */
  setRoutes(containerId: string, routes: SandboxRoutes): Promise<void>;
  /**
   * Holds a host port by a real socket until released, so that it is taken for everybody. Throws `conflict` when
   * somebody has it, `invalid_argument` when the address is not the host's.
   */
  holdPort(port: HostPort): Promise<HeldPort>;
  /** Range for random ports, inclusive. */
  portRange(): Promise<{ first: number; last: number }>;
  /** Replaces the rules of this instance by those of `read()`, called when it is this call's turn. */
  program(read: () => FirewallState): Promise<void>;
  /** Replaces the names of one network; null when the network goes. */
  setNames(networkId: string, zone: DnsZone | null): Promise<void>;
  /** The host's resolv.conf and hosts files, as text. */
  hostFiles(): Promise<{ resolvConf: string; hosts: string }>;
  /**
   * Removes every bridge, interface, namespace and name of this instance that is not named here; returns the host
   * interfaces that are there.
   */
  sweep(keep: {
    bridges: Set<string>;
    hostInterfaces: Set<string>;
    containerIds: Set<string>;
    networkIds: Set<string>;
  }): Promise<Set<string>>;
}

export type BridgeSpec = {
  name: string;
  /** Host's address on the bridge; empty for none. */
  gateway: string;
  prefixLength: number;
  mtu: number;
};

export type Attachment = {
  containerId: string;
  bridge: string;
  /** At most 15 bytes. */
  hostInterface: string;
  /** Name inside the container: `eth0`. */
  interfaceName: string;
  macAddress: string;
  ipv4: string;
  prefixLength: number;
  /** Default route when given. */
  gateway: string | null;
  /** The resolver's address on this network: 127.0.0.11 is routed there. */
  resolver: string | null;
  mtu: number;
};

export type SandboxRoutes = {
  gateway: string | null;
  resolver: { address: string; interfaceName: string } | null;
};

export type Protocol = 'tcp' | 'udp' | 'sctp';
export type HostPort = { protocol: Protocol; ip: string; port: number };
export type HeldPort = { release(): Promise<void> };

export type FirewallState = {
  networks: {
    bridge: string;
    subnet: string;
    gateway: string;
    internal: boolean;
    masquerade: boolean;
    /** Containers of the network reach each other. */
    icc: boolean;
    /** Whether the names of this network are served on its gateway. */
    names: boolean;
  }[];
  published: { protocol: Protocol; hostIp: string; hostPort: number; ip: string; port: number; bridge: string }[];
};

/** Names of one network: served at `gateway` to containers on it. */
export type DnsZone = {
  gateway: string;
  entries: { containerId: string; ipv4: string; names: string[]; servers: string[] }[];
};

/** What should be. Every method is one transaction and carries the request's audit row. */
export interface NetworkStore {
  load(): Promise<NetworkRecord[]>;
  insert(record: NetworkRecord): Promise<void>;
  update(record: NetworkRecord): Promise<void>;
  delete(id: string): Promise<void>;
}

/** What networks ask of containers when somebody connects one: records belong to containers. */
export interface NetworkContainers {
  /** By name, id or unique prefix. Throws not_found in Docker's words. */
  resolve(reference: string): ContainerRecord;
  get(id: string): ContainerRecord | undefined;
  /** Sets (or, with null, removes) one network of a container's record, durably. */
  setEndpoint(id: string, networkName: string, settings: EndpointSettings | null): Promise<void>;
}
