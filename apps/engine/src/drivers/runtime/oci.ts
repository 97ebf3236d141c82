/** The part of the OCI runtime specification (1.0.2, config.md and config-linux.md) that Gantry writes. */

export type OciUser = { uid: number; gid: number; additionalGids?: number[] };

export type OciCapabilities = {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable: string[];
  ambient: string[];
};

/** `hard` and `soft` may be a JSON.rawJSON value: RLIM_INFINITY does not fit a double. */
export type OciRlimit = { type: string; hard: unknown; soft: unknown };

export type OciProcess = {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: OciUser;
  args: string[];
  env: string[];
  cwd: string;
  capabilities: OciCapabilities;
  rlimits: OciRlimit[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  oomScoreAdj?: number;
};

export type OciMount = { destination: string; type: string; source: string; options: string[] };

export type OciDevice = {
  path: string;
  type: 'c' | 'b' | 'p';
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
};

export type OciDeviceRule = { allow: boolean; type?: string; major?: number; minor?: number; access: string };

export type OciThrottle = { major: number; minor: number; rate: number };

export type OciResources = {
  devices?: OciDeviceRule[];
  memory?: {
    limit?: number;
    reservation?: number;
    swap?: number;
    swappiness?: number;
    disableOOMKiller?: boolean;
  };
  cpu?: {
    shares?: number;
    quota?: number;
    period?: number;
    realtimeRuntime?: number;
    realtimePeriod?: number;
    cpus?: string;
    mems?: string;
  };
  pids?: { limit: number };
  blockIO?: {
    weight?: number;
    weightDevice?: { major: number; minor: number; weight: number }[];
    throttleReadBpsDevice?: OciThrottle[];
    throttleWriteBpsDevice?: OciThrottle[];
    throttleReadIOPSDevice?: OciThrottle[];
    throttleWriteIOPSDevice?: OciThrottle[];
  };
};

export type OciNamespace = { type: string; path?: string };

export type OciSeccompArg = { index: number; value: number; valueTwo: number; op: string };

export type OciSeccomp = {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  flags?: string[];
  syscalls: { names: string[]; action: string; errnoRet?: number; args?: OciSeccompArg[] }[];
};

export type OciSpec = {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly: boolean };
  hostname?: string;
  mounts: OciMount[];
  annotations: Record<string, string>;
  linux: {
    namespaces: OciNamespace[];
    devices: OciDevice[];
    resources: OciResources;
    cgroupsPath: string;
    sysctl?: Record<string, string>;
    seccomp?: OciSeccomp;
    maskedPaths?: string[];
    readonlyPaths?: string[];
    rootfsPropagation: string;
  };
};
