import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerExit, RuntimeCreate } from '#core/containers/ports.ts';
import type { ContainerConfig, ContainerRecord, HostConfig } from '#core/containers/types.ts';
import { createRuntime, type EmbeddedRuntime } from '#drivers/runtime/runtime.ts';
import { newId } from '#lib/ids.ts';
import { ZERO_TIME } from '#lib/time.ts';
import { cgroupRemove, detectCgroups } from '#os/cgroup.ts';
import { unmountBelow } from '#os/mount.ts';

/** A runtime with a run directory of its own and a root filesystem made of the machine's static busybox. */

export type Wanted = {
  args: string[];
  config?: Partial<ContainerConfig>;
  host?: Partial<HostConfig>;
  request?: Partial<RuntimeCreate>;
};

export type Stage = AsyncDisposable & {
  base: string;
  instance: string;
  runtime: EmbeddedRuntime;
  warnings: string[];
  /** A request with Docker's defaults; its log lies at `logOf(id)`. */
  request(wanted: Wanted): RuntimeCreate;
  /** Creates and starts. */
  up(wanted: Wanted): Promise<{ id: string; pid: number; pidStartTime: number }>;
  /** Creates, starts, waits for the end, removes. Gives the output of both streams and the exit. */
  run(wanted: Wanted): Promise<{ out: string; exit: ContainerExit }>;
  exitOf(id: string): Promise<ContainerExit>;
  logOf(id: string): string;
  /** Another runtime over the same directories, as after a restart of the engine. */
  again(runDir?: string): Promise<EmbeddedRuntime>;
};

const APPLETS =
  'sh true false echo cat sleep id ls ps stat pwd hostname df awk nproc kill env head md5sum wc seq touch mount tty stty dd grep printf mkfifo mkdir rm';

function makeRootfs(directory: string): void {
  for (const name of ['.', 'bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'root', 'var']) {
    mkdirSync(join(directory, name), { recursive: true });
    chmodSync(join(directory, name), 0o755);
  }
  copyFileSync('/bin/busybox', join(directory, 'bin/busybox'));
  for (const name of APPLETS.split(' ')) symlinkSync('busybox', join(directory, 'bin', name));
  writeFileSync(
    join(directory, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www:/var:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n',
  );
  writeFileSync(join(directory, 'etc/group'), 'root:x:0:\nwheel:x:10:root,ann\nwww-data:x:33:\naudio:x:63:\n');
}

function configOf(wanted: Partial<ContainerConfig>): ContainerConfig {
  return {
    Hostname: 'box',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: [],
    Cmd: null,
    Entrypoint: null,
    Image: 'test',
    Labels: {},
    Volumes: null,
    WorkingDir: '',
    OnBuild: null,
    ...wanted,
  };
}

export function hostConfigOf(wanted: Partial<HostConfig> = {}): HostConfig {
  return {
    Binds: null,
    ContainerIDFile: '',
    LogConfig: { Type: 'json-file', Config: {} },
    NetworkMode: 'none',
    PortBindings: {},
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    AutoRemove: false,
    VolumeDriver: '',
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: null,
    CapDrop: null,
    CgroupnsMode: 'host',
    Dns: null,
    DnsOptions: null,
    DnsSearch: null,
    ExtraHosts: null,
    GroupAdd: null,
    IpcMode: 'private',
    Cgroup: '',
    Links: null,
    OomScoreAdj: 0,
    PidMode: '',
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: false,
    SecurityOpt: null,
    UTSMode: '',
    UsernsMode: '',
    ShmSize: 0,
    Runtime: '',
    Isolation: '',
    CpuShares: 0,
    Memory: 0,
    NanoCpus: 0,
    CgroupParent: '',
    BlkioWeight: 0,
    BlkioWeightDevice: null,
    BlkioDeviceReadBps: null,
    BlkioDeviceWriteBps: null,
    BlkioDeviceReadIOps: null,
    BlkioDeviceWriteIOps: null,
    CpuPeriod: 0,
    CpuQuota: 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: '',
    CpusetMems: '',
    Devices: null,
    DeviceCgroupRules: null,
    DeviceRequests: null,
    MemoryReservation: 0,
    MemorySwap: 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: null,
    Ulimits: null,
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
    MaskedPaths: null,
    ReadonlyPaths: null,
    ...wanted,
  };
}

export function requestOf(base: string, wanted: Wanted): RuntimeCreate {
  const id = wanted.request?.id ?? newId();
  const own = join(base, 'overlay', id);
  const [path = '', ...args] = wanted.args;
  const config = configOf(wanted.config ?? {});
  const record: ContainerRecord = {
    id,
    name: `t-${id.slice(0, 6)}`,
    created: ZERO_TIME,
    imageId: '',
    path,
    args,
    config,
    hostConfig: hostConfigOf(wanted.host),
    networks: {},
    mounts: [],
    state: {
      status: 'created',
      pid: 0,
      pidStartTime: 0,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
      stoppedByUser: false,
    },
    restartCount: 0,
    request: null,
    ports: {},
    resolvConfPath: '',
    hostnamePath: '',
    hostsPath: '',
    logPath: join(base, 'containers', id, 'log'),
    processLabel: '',
    appArmorProfile: '',
    platform: 'linux',
  };
  return {
    id,
    record,
    rootfs: [
      {
        type: 'overlay',
        source: 'overlay',
        target: join(own, 'merged'),
        options: [`lowerdir=${join(base, 'image')}`, `upperdir=${join(own, 'upper')}`, `workdir=${join(own, 'work')}`],
      },
    ],
    mounts: [],
    netns: { kind: 'new' },
    joins: {},
    env: config.Env,
    hostname: config.Hostname,
    ...wanted.request,
  };
}

/** The text of a k8s-file log: `time stream F|P text`; P is a part without the end of its line. */
export function logText(log: string): string {
  let text = '';
  for (const line of log.split('\n').slice(0, -1)) {
    const match = /^\S+ (?:stdout|stderr) ([FP]) ([\s\S]*)$/.exec(line);
    if (match) text += match[2] + (match[1] === 'F' ? '\n' : '');
  }
  return text;
}

export async function openStage(): Promise<Stage> {
  const base = mkdtempSync(join(tmpdir(), 'gantry-runtime-'));
  const instance = randomBytes(3).toString('hex');
  makeRootfs(join(base, 'image'));
  const warnings: string[] = [];
  const open = (runDir = join(base, 'run')): Promise<EmbeddedRuntime> =>
    createRuntime({
      runDir,
      rootfsBase: join(base, 'overlay'),
      instance,
      runtime: 'auto',
      seccompProfile: '/usr/share/containers/seccomp.json',
      log: { warn: (_, text) => warnings.push(text) },
    });
  const runtime = await open();
  const others: EmbeddedRuntime[] = [];
  const logOf = (id: string): string => readFileSync(join(base, 'containers', id, 'log'), 'latin1');
  const exits = new Map<string, ContainerExit>();
  const waiting = new Map<string, (exit: ContainerExit) => void>();
  runtime.onExit((exit) => {
    exits.set(exit.id, exit);
    waiting.get(exit.id)?.(exit);
  });
  const exitOf = (id: string): Promise<ContainerExit> =>
    new Promise((resolve) => {
      const known = exits.get(id);
      if (known) resolve(known);
      else waiting.set(id, resolve);
    });
  const request = (wanted: Wanted): RuntimeCreate => {
    const made = requestOf(base, wanted);
    for (const name of ['upper', 'work', 'merged'])
      mkdirSync(join(base, 'overlay', made.id, name), { recursive: true });
    chmodSync(join(base, 'overlay', made.id, 'upper'), 0o755);
    return made;
  };
  const up = async (wanted: Wanted) => {
    const made = request(wanted);
    const process = await runtime.create(made);
    await runtime.start(made.id);
    return { id: made.id, ...process };
  };
  return {
    base,
    instance,
    runtime,
    warnings,
    request,
    up,
    exitOf,
    logOf,
    async run(wanted) {
      const { id } = await up(wanted);
      const exit = await exitOf(id);
      await runtime.remove(id);
      return { out: logText(logOf(id)), exit };
    },
    async again(runDir) {
      const other = await open(runDir);
      others.push(other);
      return other;
    },
    async [Symbol.asyncDispose]() {
      // Whatever a failed test left: knowing nothing removes everything.
      await runtime.recover([]);
      for (const each of [runtime, ...others]) each.close();
      await cgroupRemove(detectCgroups(), `/gantry-${instance}`);
      await unmountBelow(base);
      rmSync(base, { recursive: true, force: true });
    },
  };
}
