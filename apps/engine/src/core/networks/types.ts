import type { EndpointSettings, PortBinding } from '#core/containers/types.ts';

export type IpamPool = {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
};

export type NetworkRecord = {
  /** 64 hexadecimal digits. */
  id: string;
  name: string;
  created: string;
  driver: 'bridge' | 'host' | 'null';
  enableIPv4: boolean;
  enableIPv6: boolean;
  internal: boolean;
  attachable: boolean;
  ipam: { Driver: string; Options: Record<string, string>; Config: IpamPool[] };
  options: Record<string, string>;
  labels: Record<string, string>;
  /** One of bridge, host, none: cannot be removed. */
  predefined: boolean;
  /** Interface name of the bridge, unique on the host: `gy0a1b2c-12345`. */
  bridge: string;
  /** The user named the subnet: only then may containers ask for an address in it. */
  subnetGiven?: boolean;
};

/** A container's place on one network, while it runs. */
export type Endpoint = {
  id: string;
  networkId: string;
  containerId: string;
  containerName: string;
  interfaceName: string;
  macAddress: string;
  ipv4: string;
  ipv4PrefixLength: number;
  gateway: string;
  /** Names answered on this network: container name, short id, aliases. */
  dnsNames: string[];
};

/** What containers ask of networks. Implemented by core/networks over its own driver port. */
export interface ContainerNetworking {
  /** Resolves a NetworkMode or a key of EndpointsConfig: name, id or unique id prefix. */
  resolve(nameOrId: string): NetworkRecord | undefined;
  /**
   * Makes (or takes from the pool) a network namespace with `lo` up, connects it to every network in
   * `endpoints`, publishes `ports`, and returns what is now in force. Everything or nothing.
   * Fails with conflict-like `internal` 500 text as Docker's for a taken port:
   * `driver failed programming external connectivity on endpoint NAME (ID): Bind for 0.0.0.0:80 failed: port is already allocated`.
   */
  setUp(request: SandboxRequest): Promise<Sandbox>;
  /** Undoes setUp. Idempotent; also for containers the engine no longer knows. */
  tearDown(containerId: string): Promise<void>;
  /** Connects a running container to one more network. */
  connect(containerId: string, networkName: string, settings: Partial<EndpointSettings>): Promise<EndpointSettings>;
  disconnect(containerId: string, networkName: string): Promise<void>;
  /** At boot: re-adopts sandboxes of running containers, re-applies rules, removes everything of others. */
  recover(running: readonly SandboxRequest[]): Promise<void>;
  /** After a rename the DNS names change. */
  rename(containerId: string, name: string): Promise<void>;
}

export type SandboxRequest = {
  containerId: string;
  containerName: string;
  hostname: string;
  /** By network name. */
  endpoints: Record<string, EndpointSettings>;
  /** `80/tcp` → wanted bindings; an empty HostPort means a random free port. */
  ports: Record<string, PortBinding[]>;
  /** `--dns`; empty for the host's servers. */
  dns: string[];
  dnsSearch?: string[];
  dnsOptions?: string[];
  /** `name:address` as in HostConfig.ExtraHosts; the address `host-gateway` is the bridge's own. */
  extraHosts?: string[];
  /** Default bridge only: containers that get a line in the hosts file. */
  links?: { containerId: string; name: string; alias: string }[];
  /** Only those under `net.` are applied here, before the container's process exists. */
  sysctls: Record<string, string>;
};

export type Sandbox = {
  /**
   * e.g. `/run/gantry/netns/<id>`: bind-mounted, outlives the engine. Empty when the container is on the
   * network `host`, whose sandbox is the host's own; with `none` (or no endpoint) a namespace with only `lo`.
   */
  netnsPath: string;
  endpoints: Record<string, EndpointSettings>;
  ports: Record<string, PortBinding[]>;
  /** Text of the files the container sees, made by the rules of Docker. */
  hosts: string;
  resolvConf: string;
};
