import type { Readable, Writable } from 'node:stream';
import type { Mount } from '#core/mount.ts';
import type { WritableLayer } from './archive-ports.ts';
import type { ContainerRecord } from './types.ts';

/**
 * Runs containers on the host. Implemented by drivers/runtime over runc or
 * crun with conmon as the parent of every container, and by a fake in tests.
 *
 * The order of a container's life: `create` (process exists, waits on its exec
 * FIFO; its namespaces can be wired) → `start` → exit, told once by `onExit` →
 * `remove`. Between engine restarts conmon keeps the container, its log file
 * and its exit code; `recover` takes over what lives and reports what died.
 *
 * All errors are EngineError: `invalid_argument` with Docker's wording when the
 * user's command cannot run (`details.exitCode` 126 or 127), `unavailable` when
 * a program is missing, `internal` otherwise. A failed create leaves nothing.
 */
export interface Runtime {
  create(request: RuntimeCreate, options?: { signal?: AbortSignal }): Promise<{ pid: number; pidStartTime: number }>;
  /** Lets the created process run the user's command. */
  start(id: string): Promise<void>;
  /** Sends a signal to pid 1 of the container (`all`: to every process of its cgroup). */
  kill(id: string, signal: number, options?: { all?: boolean }): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Applies changed limits to a running container. */
  update(id: string, limits: ResourceLimits): Promise<void>;
  /** Removes runtime state, cgroup, bundle and the rootfs mount; kills what is left. Idempotent. */
  remove(id: string): Promise<void>;
  /** Called once for each exit, 1 to 3 ms after it. */
  onExit(listener: (exit: ContainerExit) => void): () => void;
  /** Pids of the container's processes as the host sees them. */
  pids(id: string): Promise<number[]>;
  /** `ps` of those processes: titles and rows, `psArgs` as for ps(1), default `-ef`. */
  top(id: string, psArgs: string[]): Promise<{ titles: string[]; processes: string[][] }>;
  /** Counters now, from the cgroup and the network namespace; null when it does not run. */
  stats(id: string): Promise<RuntimeStats | null>;
  /** stdin of the main process. Ending it is EOF for the process when `openStdin`. */
  openStdin(id: string): Promise<Writable>;
  /** Window size of the main process's terminal. */
  resize(id: string, size: { rows: number; columns: number }): Promise<void>;
  /** Runs one more process in the container. */
  exec(id: string, request: ExecRequest, options?: { signal?: AbortSignal }): Promise<ExecProcess>;
  /** At boot: which of these live, which died while the engine was away; removes leftovers of others. */
  recover(known: readonly { id: string; pid: number; pidStartTime: number }[]): Promise<Map<string, Recovered>>;
}

export type RuntimeCreate = {
  id: string;
  record: ContainerRecord;
  /** Rootfs to mount, then mounts inside it in order (tmpfs, binds, volumes). */
  rootfs: readonly Mount[];
  /** Filled from the image's own USER and /etc/passwd by the driver, which reads them beneath the root. */
  mounts: readonly Mount[];
  /** Joined when given (made by the network driver); a new, unwired one otherwise; `host` for the host's. */
  netns: { kind: 'path'; path: string } | { kind: 'host' } | { kind: 'new' };
  /** Namespaces of another container or the host, resolved to `/proc/<pid>/ns/…` paths. */
  joins: { pid?: string; ipc?: string; uts?: string; cgroup?: string };
  env: readonly string[];
  hostname: string;
};

export type ResourceLimits = Pick<
  ContainerRecord['hostConfig'],
  | 'Memory'
  | 'MemorySwap'
  | 'MemoryReservation'
  | 'CpuShares'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'NanoCpus'
  | 'CpusetCpus'
  | 'CpusetMems'
  | 'PidsLimit'
  | 'BlkioWeight'
  | 'CpuRealtimePeriod'
  | 'CpuRealtimeRuntime'
>;

export type ContainerExit = { id: string; exitCode: number; oomKilled: boolean; finishedAt: string };

export type Recovered =
  | { kind: 'running'; pid: number; paused: boolean }
  | { kind: 'exited'; exit: ContainerExit }
  /** No process and no exit file: the machine was restarted. */
  | { kind: 'lost' };

/** Cumulative counters; bytes and nanoseconds. Docker's `stats` JSON is made from two of these. */
export type RuntimeStats = {
  readAt: bigint;
  cpu: {
    totalNs: number;
    userNs: number;
    systemNs: number;
    throttledNs: number;
    throttledPeriods: number;
    periods: number;
    perCpuNs: number[];
  };
  /** Nanoseconds of CPU time of the whole host, all CPUs together. */
  hostCpuNs: number;
  onlineCpus: number;
  memory: { usage: number; limit: number; maxUsage: number; failcnt: number; stats: Record<string, number> };
  pids: { current: number; limit: number };
  blkio: {
    read: number;
    write: number;
    readOps: number;
    writeOps: number;
    entries: { major: number; minor: number; op: string; value: number }[];
  };
  networks: Record<
    string,
    {
      rxBytes: number;
      rxPackets: number;
      rxErrors: number;
      rxDropped: number;
      txBytes: number;
      txPackets: number;
      txErrors: number;
      txDropped: number;
    }
  >;
};

export type ExecRequest = {
  args: readonly string[];
  env: readonly string[];
  cwd: string;
  /** As the user wrote it: `name`, `uid`, `uid:gid`; empty for the container's user. */
  user: string;
  tty: boolean;
  stdin: boolean;
  privileged: boolean;
  size?: { rows: number; columns: number };
};

export type ExecProcess = {
  /** Host pid of the process inside the container; 0 until known. */
  readonly pid: number;
  /** Resolves when the process runs and its pid is known; rejects when it never will, with Docker's words. */
  readonly started?: Promise<void>;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  /** Null with a tty. */
  readonly stderr: Readable | null;
  resize(size: { rows: number; columns: number }): void;
  /** SIGKILL to the process and what it started in its session. */
  kill(signal?: number): void;
  /** Resolves when the process ended and its output is complete. */
  readonly exited: Promise<{ exitCode: number }>;
};

/** Writable layers of containers above the layers of an image. */
export interface ContainerRootfs {
  /** Makes the writable layer. Idempotent. */
  prepare(containerId: string, imageId: string): Promise<void>;
  /** The mounts that assemble the root at `target`. */
  mounts(containerId: string, imageId: string, target: string): Promise<Mount[]>;
  remove(containerId: string): Promise<void>;
  /** The same as one root to look at: nothing that is done in it reaches the writable layer. */
  look(containerId: string, imageId: string): Promise<Omit<Mount, 'target'>>;
  /** The writable layer, and what it lies over. */
  layer(containerId: string, imageId: string): Promise<WritableLayer>;
  /** Bytes in the writable layer and in all of the image's layers. */
  size(containerId: string, imageId: string): Promise<{ rw: number; rootFs: number }>;
  /** Ids for which a writable layer exists on disk. */
  list(): Promise<string[]>;
}

/** What should be. Every method is one transaction and carries the request's audit row. */
export interface ContainerStore {
  load(): Promise<ContainerRecord[]>;
  insert(record: ContainerRecord): Promise<void>;
  update(record: ContainerRecord): Promise<void>;
  delete(id: string): Promise<void>;
}

/**
 * Mounts on the host itself, outside of any container: a look into a root
 * before it runs, and the memory that containers of one IPC namespace share.
 */
export interface HostMounts {
  /** In order, at their targets, which exist. All or nothing. */
  mount(mounts: readonly Mount[]): Promise<void>;
  /**
   * Binds a file or directory beneath `root` to `target`, which is made. No link and no `..` on the way leads out of
   * the root, whoever changes it meanwhile. Errors: `invalid_argument` when it does not exist.
   */
  bindBeneath(root: string, path: string, target: string): Promise<void>;
  /** The topmost mount at the target; detached when busy. Idempotent. */
  unmount(target: string): Promise<void>;
}
