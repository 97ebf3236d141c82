import type { ContainerConfig, EndpointSettings, HostConfig } from './types.ts';

type Loose<T> = { [K in keyof T]?: T[K] | null };

/** The `Config` part of a create request: what the client sent, types checked, nothing filled in. */
export type ConfigInput = Omit<Loose<ContainerConfig>, 'Labels'> & {
  Labels?: Record<string, string> | null;
  /** Before API 1.44 the MAC address of the main network was a field of the configuration. */
  MacAddress?: string | null;
};

export type HostConfigInput = Omit<Loose<HostConfig>, 'RestartPolicy' | 'LogConfig'> & {
  RestartPolicy?: { Name?: string | null; MaximumRetryCount?: number | null } | null;
  LogConfig?: { Type?: string | null; Config?: Record<string, string> | null } | null;
  /** Limits that the kernel has given up; refused. */
  KernelMemory?: number | null;
  KernelMemoryTCP?: number | null;
};

export type EndpointInput = Loose<EndpointSettings>;

export type CreateRequest = {
  /** As given, with or without a leading slash; empty for a random name. */
  name: string;
  /** `os[/arch[/variant]]` or empty. */
  platform: string;
  /** API version the client speaks, e.g. `1.43`: some defaults depend on it. */
  version: string;
  config: ConfigInput;
  hostConfig: HostConfigInput;
  /** By network name or id, as given. */
  endpoints: ReadonlyMap<string, EndpointInput>;
  /** The request's body, kept for duplicate and recreate. */
  raw: unknown;
};

/** `POST /containers/{id}/update`: absent and zero mean unchanged. */
export type UpdateRequest = Omit<HostConfigInput, 'RestartPolicy'> & Pick<HostConfigInput, 'RestartPolicy'>;

/** Facts of the host that decide defaults and limits. */
export type HostFacts = {
  cpus: number;
  cgroupVersion: 1 | 2;
  hostname: () => string;
  /** Names a client may choose; the first is the default. */
  runtimes: readonly string[];
  architecture: string;
  /** Absent when the host can limit everything. */
  limits?: HostLimits;
};

/** What this kernel and this root can limit. What they cannot is told in a warning of create and update. */
export type HostLimits = {
  swap: boolean;
  swappiness: boolean;
  oomKillDisable: boolean;
  blkioWeight: boolean;
  /** CPU time of real-time threads; refused where it is missing, as in Docker. */
  realtime: boolean;
  /** Highest process limits this root may give, by name; absent when it may give any. */
  ulimits?: ReadonlyMap<string, number>;
  /** Lowest OOM score this root may give. */
  lowestOomScore: number;
  apparmor: boolean;
};
