import { API_VERSION, compareVersions, MIN_API_VERSION } from '#api/http/version.ts';
import type { System, SystemInfo } from '#core/system/system.ts';

/** `GET /version`. */
export function versionAnswer({ engine, host }: Pick<System, 'engine' | 'host'>) {
  const common = {
    GitCommit: engine.gitCommit,
    // The field tells what the engine was built with.
    GoVersion: `none (Node ${process.version})`,
    Os: 'linux',
    Arch: host.architecture,
    KernelVersion: host.kernelVersion,
    BuildTime: engine.buildTime,
  };
  const parts = [...engine.runtimes].map(([name, { version }]) => ({ Name: name, Version: version, Details: {} }));
  return {
    Platform: { Name: 'Gantry' },
    Components: [
      {
        Name: 'Engine',
        Version: engine.version,
        Details: { ApiVersion: API_VERSION, MinAPIVersion: MIN_API_VERSION, Experimental: 'false', ...common },
      },
      ...parts,
      { Name: 'conmon', Version: engine.conmonVersion, Details: {} },
    ],
    Version: engine.version,
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    ...common,
  };
}

const SWARM = {
  NodeID: '',
  NodeAddr: '',
  LocalNodeState: 'inactive',
  ControlAvailable: false,
  Error: '',
  RemoteManagers: null,
};

function registryConfig({ registries }: SystemInfo['engine']) {
  return {
    InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128'],
    IndexConfigs: {
      'docker.io': { Name: 'docker.io', Mirrors: registries.mirrors, Secure: true, Official: true },
      ...Object.fromEntries(
        registries.insecure.map((name) => [name, { Name: name, Mirrors: [], Secure: false, Official: false }]),
      ),
    },
    Mirrors: registries.mirrors,
  };
}

function hostPart({ host }: SystemInfo) {
  const { limits } = host;
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpuCfsPeriod,
    CpuCfsQuota: limits.cpuCfsQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuSet,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
    IPv4Forwarding: host.ipv4Forwarding,
    CgroupDriver: 'cgroupfs',
    CgroupVersion: host.cgroupVersion,
    KernelVersion: host.kernelVersion,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.machine,
    NCPU: host.cpus,
    MemTotal: host.memory,
    Name: host.hostname,
  };
}

/** `GET /info`. `systemTime`: RFC 3339. */
export function infoAnswer(info: SystemInfo, systemTime: string, version: string) {
  const { engine, host, containers } = info;
  const commit = (name: string) => ({ ID: engine.runtimes.get(name)?.version ?? '' });
  return {
    ID: engine.id,
    Containers: containers.total,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: info.images,
    Driver: 'overlay2',
    DriverStatus: [
      ['Backing Filesystem', host.backingFilesystem],
      ['Supports d_type', 'true'],
      ['Native Overlay Diff', 'true'],
    ],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    ...hostPart(info),
    ...(compareVersions(version, '1.50') < 0 && { BridgeNfIptables: false, BridgeNfIp6tables: false }),
    Debug: engine.debug,
    NFd: info.openFiles,
    NGoroutines: 0,
    SystemTime: systemTime,
    LoggingDriver: 'json-file',
    NEventsListener: info.eventListeners,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(engine),
    GenericResources: null,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: engine.version,
    Runtimes: Object.fromEntries([...engine.runtimes].map(([name, { path }]) => [name, { path }])),
    DefaultRuntime: engine.defaultRuntime,
    Swarm: SWARM,
    // Containers outlive the engine, as with Docker's live restore.
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    ContainerdCommit: { ID: '' },
    RuncCommit: commit('runc'),
    InitCommit: { ID: '' },
    SecurityOptions: [
      `name=seccomp,profile=${engine.seccompProfile}`,
      ...(host.cgroupVersion === '2' ? ['name=cgroupns'] : []),
    ],
    ProductLicense: '',
    DockerRootDir: engine.dataRoot,
    Warnings: info.warnings,
    CDISpecDirs: [],
  };
}
