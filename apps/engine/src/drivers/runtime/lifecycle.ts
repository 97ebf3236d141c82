import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { RuntimeCreate } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { type CgroupLayout, cgroupAdopt, cgroupPrune, cgroupRemove } from '#os/cgroup.ts';
import { conmonCreate, conmonPid, killConmon } from '#os/conmon.ts';
import { errnoText } from '#os/libc.ts';
import { mount, unmount } from '#os/mount.ts';
import { isAlive, procStat, signalProcess } from '#os/proc.ts';
import type { OciRuntime, OciRuntimes } from '#os/runc.ts';
import { type Live, liveFrom, type RuntimePaths, readSpec, writeSpec } from './bundle.ts';
import type { Exits } from './exits.ts';
import { leadsOverLink } from './mount-targets.ts';
import type { OciSpec } from './oci.ts';
import { ociSpec, type SpecHost } from './spec.ts';
import { lookUpUser } from './users.ts';
import { createError } from './words.ts';

/** From nothing to a running process and back to nothing. */

export type Lifecycle = {
  create(request: RuntimeCreate, options?: { signal?: AbortSignal }): Promise<{ pid: number; pidStartTime: number }>;
  start(id: string): Promise<void>;
  remove(id: string): Promise<void>;
};

export type LifecycleDeps = {
  paths: RuntimePaths;
  runtimes: OciRuntimes;
  /** The one that made a container. */
  runtimeOf(id: string): OciRuntime;
  cgroups: CgroupLayout;
  cgroupParent: string;
  host: SpecHost;
  live: Map<string, Live>;
  exits: Exits;
  warn(fields: object, text: string): void;
};

/** Creating takes tens of milliseconds; what takes this long is stuck. */
const CREATE_TIMEOUT = 30_000;
const START_TIMEOUT = 10_000;
/** For conmon to drain the output of a process that was killed and to write its exit file. */
const END_TIMEOUT = 2000;

const notFound = (id: string): EngineError => new EngineError('not_found', `No such container: ${id}`);

/** A full disk or an unreadable directory, told without the host's paths. */
function asEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason = code ? errnoText(code) : 'unexpected error';
  return new EngineError('internal', `cannot create the container: ${reason}`, { cause: error });
}

export function createLifecycle(deps: LifecycleDeps): Lifecycle {
  const { paths, runtimes, live } = deps;
  const bundleOf = (id: string): string => join(paths.bundles, id);

  async function create(request: RuntimeCreate, options: { signal?: AbortSignal } = {}) {
    const { id, record } = request;
    const bundle = bundleOf(id);
    if (existsSync(bundle)) await remove(id);
    const rootfs = request.rootfs.at(-1)?.target;
    if (!rootfs) throw new EngineError('internal', 'a container without a root filesystem');
    const mounted: string[] = [];
    try {
      await Promise.all([
        mkdir(bundle, { mode: 0o700 }),
        mkdir(dirname(record.logPath), { recursive: true, mode: 0o710 }),
        mkdir(rootfs, { recursive: true }),
      ]);
      for (const each of request.rootfs) {
        mount(each);
        mounted.push(each.target);
      }
      const user = lookUpUser(rootfs, record.config.User, record.hostConfig.GroupAdd ?? []);
      const spec = ociSpec(request, rootfs, user, deps.host);
      await writeSpec(bundle, spec);
      const pid = await createProcess(request, bundle, runtimeFor(request, spec), options.signal);
      const stat = procStat(pid);
      if (!stat) throw new EngineError('internal', 'the container ended while it was created');
      live.set(id, liveFrom(id, bundle, spec, pid, stat.startTime));
      void cgroupAdopt(deps.cgroups, `${deps.cgroupParent}/supervisors`, conmonPid(bundle));
      return { pid, pidStartTime: stat.startTime };
    } catch (error) {
      await undo(id, mounted);
      throw asEngineError(error);
    }
  }

  /** What cannot be undone now is removed at the next boot; the reason of the failure matters more. */
  async function undo(id: string, mounted: readonly string[]): Promise<void> {
    try {
      await remove(id);
      for (const target of [...mounted].reverse()) await unmount(target);
    } catch (error) {
      deps.warn({ err: error, id }, 'a failed create left something behind');
    }
  }

  function runtimeFor({ record }: RuntimeCreate, spec: OciSpec): OciRuntime {
    const wanted = runtimes.all.get(record.hostConfig.Runtime) ?? runtimes.standard;
    const over = leadsOverLink(
      spec.root.path,
      spec.mounts.map(({ destination }) => destination),
    );
    return (over && runtimes.all.get('runc')) || wanted;
  }

  async function createProcess(
    request: RuntimeCreate,
    bundle: string,
    runtime: OciRuntime,
    signal?: AbortSignal,
  ): Promise<number> {
    const { id, record } = request;
    const { config } = record;
    const command = runtime.commandNow();
    try {
      return await conmonCreate(
        {
          id,
          bundle,
          runtime: command.path,
          runtimeArgs: command.args,
          exitDir: paths.exits,
          logPath: record.logPath,
          terminal: config.Tty,
          stdin: config.OpenStdin,
          // Closing the only descriptor of a terminal would end its output, too.
          leaveStdinOpen: config.Tty || !config.StdinOnce,
        },
        { timeout: CREATE_TIMEOUT, signal },
      );
    } catch (error) {
      const said = error instanceof EngineError ? error.details?.runtimeMessage : undefined;
      throw typeof said === 'string' ? createError(said, error, { args: [record.path, ...record.args] }) : error;
    } finally {
      command.done();
    }
  }

  async function start(id: string): Promise<void> {
    const container = live.get(id);
    if (!container) throw notFound(id);
    if (deps.runtimeOf(id).name === 'crun') await wakeByFifo(container);
    else await openExecFifo(container);
  }

  const execFifo = (container: Live): string => join(paths.state, container.id, 'exec.fifo');

  function open(container: Live, flags: number): number {
    try {
      return openSync(execFifo(container), flags | constants.O_NONBLOCK);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENXIO') throw new EngineError('internal', 'the container ended before its command could start');
      throw new EngineError(code === 'ENOENT' ? 'conflict' : 'internal', 'the container is started already', { cause });
    }
  }

  /** What `crun start` does, without another process: its init reads one byte from the FIFO before it goes on. */
  async function wakeByFifo(container: Live): Promise<void> {
    const fd = open(container, constants.O_WRONLY);
    try {
      writeSync(fd, '\0');
    } finally {
      closeSync(fd);
    }
    await rm(execFifo(container), { force: true });
  }

  /**
   * What `runc start` does, without another process: runc's init waits in
   * open(2) of a FIFO for writing; a reader lets it go on and execute the
   * user's command.
   */
  async function openExecFifo(container: Live): Promise<void> {
    const socket = openSocket(open(container, constants.O_RDONLY));
    try {
      const begun = new Promise<boolean>((resolve) => {
        socket.once('data', () => resolve(true));
        socket.once('close', () => resolve(false));
      });
      socket.on('error', () => undefined);
      const ended = deps.exits.ended(container, START_TIMEOUT).then(() => false);
      if (!(await Promise.race([begun, ended]))) {
        throw new EngineError('internal', 'the container ended before its command could start');
      }
    } finally {
      socket.destroy();
    }
    // Its absence is how the runtime tells "running" from "created".
    await rm(execFifo(container), { force: true });
  }

  function openSocket(fd: number): Socket {
    try {
      return new Socket({ fd, readable: true, writable: false });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  const removals = new Map<string, Promise<void>>();

  /** One at a time for each id: the second caller waits for the first. */
  function remove(id: string): Promise<void> {
    const running = removals.get(id);
    if (running) return running;
    const removal = removeNow(id).finally(() => removals.delete(id));
    removals.set(id, removal);
    return removal;
  }

  async function removeNow(id: string): Promise<void> {
    const bundle = bundleOf(id);
    const container = live.get(id);
    const spec = container ? null : readSpec(bundle);
    const cgroup = container?.cgroup ?? spec?.linux.cgroupsPath ?? `${deps.cgroupParent}/${id}`;
    const rootfs = container?.rootfs ?? spec?.root.path;
    if (container && !container.exited) await end(container);
    killConmon(bundle);
    await cgroupRemove(deps.cgroups, cgroup);
    cgroupPrune(deps.cgroups, dirname(cgroup), deps.cgroupParent);
    if (rootfs) while (await unmount(rootfs)) await Promise.resolve();
    await Promise.all([
      rm(join(paths.state, id), { recursive: true, force: true }),
      rm(bundle, { recursive: true, force: true }),
      rm(join(paths.exits, id), { force: true }),
    ]);
    live.delete(id);
  }

  /** Kills, and gives conmon the time to write the rest of the log and the exit. */
  async function end(container: Live): Promise<void> {
    const { pid, pidStartTime } = container;
    if (isAlive(pid, pidStartTime)) signalProcess(pid, 'SIGKILL');
    if (conmonPid(container.bundle) !== 0) await deps.exits.ended(container, END_TIMEOUT);
  }

  return { create, start, remove };
}
