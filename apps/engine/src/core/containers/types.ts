/**
 * A container as the engine keeps it. Field names are those of the Docker
 * Engine API because they are the field's standard terms and what clients
 * read back; everything here is normalised: defaults filled in, image and
 * request merged, values validated.
 */
export type HealthConfig = {
  /** [] inherit, ['NONE'], ['CMD', …], ['CMD-SHELL', line]. */
  Test?: string[];
  /** Nanoseconds. */
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
};

export type ContainerConfig = {
  Hostname: string;
  Domainname: string;
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  ExposedPorts?: Record<string, Record<string, never>>;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Env: string[];
  Cmd: string[] | null;
  Entrypoint: string[] | null;
  /** The image as the user named it. */
  Image: string;
  Labels: Record<string, string>;
  Volumes: Record<string, Record<string, never>> | null;
  WorkingDir: string;
  StopSignal?: string;
  /** Seconds. */
  StopTimeout?: number;
  Healthcheck?: HealthConfig;
  OnBuild: string[] | null;
  Shell?: string[];
  ArgsEscaped?: boolean;
  NetworkDisabled?: boolean;
};

export type PortBinding = { HostIp: string; HostPort: string };
export type RestartPolicy = { Name: '' | 'no' | 'on-failure' | 'always' | 'unless-stopped'; MaximumRetryCount: number };
export type Ulimit = { Name: string; Soft: number; Hard: number };
export type DeviceMapping = { PathOnHost: string; PathInContainer: string; CgroupPermissions: string };
export type ThrottleDevice = { Path: string; Rate: number };
export type MountSpec = {
  Type: 'bind' | 'volume' | 'tmpfs' | 'npipe' | 'cluster' | 'image';
  Source?: string;
  Target: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    CreateMountpoint?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
    Subpath?: string;
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] };
};

/** All of HostConfig that clients send on Linux; sizes in bytes, times in the API's units. */
export type HostConfig = {
  Binds: string[] | null;
  ContainerIDFile: string;
  LogConfig: { Type: string; Config: Record<string, string> };
  /** `default`, `bridge`, `host`, `none`, `container:<id>` or a network's name or id. */
  NetworkMode: string;
  PortBindings: Record<string, PortBinding[] | null>;
  RestartPolicy: RestartPolicy;
  AutoRemove: boolean;
  VolumeDriver: string;
  VolumesFrom: string[] | null;
  ConsoleSize: [number, number];
  Annotations?: Record<string, string>;
  CapAdd: string[] | null;
  CapDrop: string[] | null;
  CgroupnsMode: string;
  Dns: string[] | null;
  DnsOptions: string[] | null;
  DnsSearch: string[] | null;
  ExtraHosts: string[] | null;
  GroupAdd: string[] | null;
  IpcMode: string;
  Cgroup: string;
  Links: string[] | null;
  OomScoreAdj: number;
  PidMode: string;
  Privileged: boolean;
  PublishAllPorts: boolean;
  ReadonlyRootfs: boolean;
  SecurityOpt: string[] | null;
  StorageOpt?: Record<string, string> | null;
  Tmpfs?: Record<string, string>;
  UTSMode: string;
  UsernsMode: string;
  ShmSize: number;
  Sysctls?: Record<string, string>;
  Runtime: string;
  Isolation: string;
  CpuShares: number;
  Memory: number;
  NanoCpus: number;
  CgroupParent: string;
  BlkioWeight: number;
  BlkioWeightDevice: { Path: string; Weight: number }[] | null;
  BlkioDeviceReadBps: ThrottleDevice[] | null;
  BlkioDeviceWriteBps: ThrottleDevice[] | null;
  BlkioDeviceReadIOps: ThrottleDevice[] | null;
  BlkioDeviceWriteIOps: ThrottleDevice[] | null;
  CpuPeriod: number;
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  Devices: DeviceMapping[] | null;
  DeviceCgroupRules: string[] | null;
  DeviceRequests: unknown[] | null;
  MemoryReservation: number;
  MemorySwap: number;
  MemorySwappiness: number | null;
  OomKillDisable: boolean | null;
  PidsLimit: number | null;
  Ulimits: Ulimit[] | null;
  CpuCount: number;
  CpuPercent: number;
  IOMaximumIOps: number;
  IOMaximumBandwidth: number;
  Mounts?: MountSpec[];
  MaskedPaths: string[] | null;
  ReadonlyPaths: string[] | null;
  Init?: boolean | null;
};

/** One network a container is to be, or is, connected to. */
export type EndpointSettings = {
  IPAMConfig: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null;
  Links: string[] | null;
  Aliases: string[] | null;
  MacAddress: string;
  /** The address the user asked for; `MacAddress` is then the same while it runs. Never on the wire. */
  DesiredMacAddress?: string;
  DriverOpts: Record<string, string> | null;
  GwPriority: number;
  NetworkID: string;
  /** Empty while the container does not run, as in Docker. */
  EndpointID: string;
  Gateway: string;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  DNSNames: string[] | null;
};

/** A mount of a container, resolved: where the bytes are and where they appear. */
export type MountPoint = {
  Type: 'bind' | 'volume' | 'tmpfs';
  /** Volume name; absent for bind and tmpfs. */
  Name?: string;
  /** Host path; empty for tmpfs. */
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
  /** tmpfs mount data, e.g. `size=64m,mode=1777`. */
  TmpfsOptions?: string[];
  /** Volume made for this container and removed with it by `rm -v` and `--rm`. */
  Anonymous?: boolean;
  NoCopy?: boolean;
  Subpath?: string;
  NonRecursive?: boolean;
  /** Read-only bind: only the mount itself is, or all below it must be. Default: all below it where the kernel can. */
  ReadOnlyDepth?: 'top' | 'forced';
  /** Bind: the directory on the host is made when it is missing at start. */
  CreateSource?: boolean;
};

/**
 * The state machine: created → running ⇄ paused, running → exited or
 * restarting, restarting → running, any stopped state → removing → gone or
 * dead. `state-machine.ts` holds the legal transitions.
 */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

export type HealthResult = { Start: string; End: string; ExitCode: number; Output: string };
export type Health = {
  Status: 'none' | 'starting' | 'healthy' | 'unhealthy';
  FailingStreak: number;
  Log: HealthResult[];
};

export type ContainerState = {
  status: ContainerStatus;
  /** Process id on the host of the container's pid 1; 0 when it does not run. */
  pid: number;
  /** Start time of that pid in clock ticks (/proc/<pid>/stat field 22): tells a reused pid. */
  pidStartTime: number;
  exitCode: number;
  oomKilled: boolean;
  /** Why the last start failed, in Docker's words; empty when it did not. */
  error: string;
  /** RFC 3339 with nanoseconds; `0001-01-01T00:00:00Z` for never. */
  startedAt: string;
  finishedAt: string;
  /** Set by stop, kill and rm -f: the restart policy leaves it alone. */
  stoppedByUser: boolean;
  health?: Health;
};

export type ContainerRecord = {
  /** 64 hexadecimal digits. */
  id: string;
  /** Without the leading slash. */
  name: string;
  created: string;
  /** `sha256:…` of the image's config. */
  imageId: string;
  path: string;
  args: string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** By network name. */
  networks: Record<string, EndpointSettings>;
  mounts: MountPoint[];
  state: ContainerState;
  restartCount: number;
  /** What the client sent, before any default was filled in: for duplicate and recreate. */
  request: unknown;
  /** Published ports in force: `80/tcp` → bindings; empty while it does not run. */
  ports: Record<string, PortBinding[]>;
  /** Path of the file that is bind-mounted or empty; in the container's own directory. */
  resolvConfPath: string;
  hostnamePath: string;
  hostsPath: string;
  logPath: string;
  processLabel: string;
  appArmorProfile: string;
  platform: string;
};
