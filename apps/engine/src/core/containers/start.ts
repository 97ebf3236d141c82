import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import type { Mount } from '#core/mount.ts';
import type { Sandbox, SandboxRequest } from '#core/networks/types.ts';
import { formatNano } from '#lib/time.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { containerOf, wantedPorts } from './endpoints.ts';
import { fileMounts, makeBindSources, writeFiles } from './files.ts';
import { runtimeMounts } from './mounts.ts';
import { heldDir, rootfsPath, shmPath } from './paths.ts';
import type { RuntimeCreate } from './ports.ts';
import { removeLocked } from './remove.ts';
import { assertCanStart, assertTransition, isLive, isRunning } from './state-machine.ts';
import { takeDown } from './take-down.ts';
import type { ContainerRecord } from './types.ts';

/** Docker's exit code for a start that failed before there was a process to blame. */
const START_FAILED = 128;

export type StartOptions = {
  /** False for a restart by policy: its count goes on. */
  fresh: boolean;
};

/** `docker start`. */
export async function startContainer(context: Context, reference: string): Promise<void> {
  const { id, name } = context.collection.resolve(reference);
  auditScope.object('container', id, name);
  await context.lock(id, async () => {
    try {
      assertCanStart(context.collection.resolve(id));
      clearTimeout(context.live(id).restartTimer);
      await startLocked(context, id, { fresh: true });
    } catch (error) {
      await removeAfterFailedStart(context, id, error);
      throw error;
    }
  });
}

/** `--rm` holds for a start that failed, too. */
async function removeAfterFailedStart(context: Context, id: string, error: unknown): Promise<void> {
  const record = context.collection.byId(id);
  if (!record?.hostConfig.AutoRemove || isRunning(record) || context.live(id).removing) return;
  if (isEngineError(error, 'not_modified') || isEngineError(error, 'conflict')) return;
  try {
    await removeLocked(context, record, { volumes: true });
  } catch (cause) {
    context.log.error({ id, err: cause }, 'removing a container that could not start');
  }
}

/** Starts a container. The caller holds its lock. On failure the container is as it was, plus the reason. */
export async function startLocked(context: Context, id: string, options: StartOptions): Promise<void> {
  const record = context.collection.byId(id);
  if (!record) throw new EngineError('not_found', `No such container: ${id}`);
  const live = context.live(id);
  if (live.removing) throw new EngineError('conflict', 'container is marked for removal and cannot be started');
  assertCanStart(record);
  const abort = new AbortController();
  live.starting = abort;
  live.pendingExit = undefined;
  try {
    await bringUp(context, record, abort.signal, options);
  } catch (error) {
    await takeDown(context, record);
    await noteFailure(context, record, error);
    throw error;
  } finally {
    live.starting = undefined;
  }
}

async function bringUp(
  context: Context,
  record: ContainerRecord,
  signal: AbortSignal,
  options: StartOptions,
): Promise<void> {
  const { id } = record;
  await settledCleanups(context, record);
  const [prepared, sandbox] = await both(prepareDisk(context, record), prepareNetwork(context, record));
  signal.throwIfAborted();
  const wired = context.collection.change(id, {
    networks: Object.fromEntries(
      Object.entries(context.collection.byId(id)?.networks ?? {}).map(([name, settings]) => [
        name,
        sandbox && Object.hasOwn(sandbox.endpoints, name) ? { ...settings, ...sandbox.endpoints[name] } : settings,
      ]),
    ),
    ports: sandbox?.ports ?? {},
  });
  if (!wired) throw new EngineError('not_found', `No such container: ${id}`);
  const created = await context.runtime.create(
    {
      id,
      record: wired,
      rootfs: prepared.rootfs,
      mounts: runtimeMounts(wired, prepared.sources, prepared.extra),
      netns: netnsOf(context, wired, sandbox),
      joins: joinsOf(context, wired),
      env: wired.config.Env,
      hostname: wired.config.Hostname,
    },
    { signal },
  );
  signal.throwIfAborted();
  const startedAt = context.now();
  assertTransition(record.state.status, 'running');
  const running = context.collection.change(id, {
    restartCount: options.fresh ? 0 : record.restartCount,
    state: {
      status: 'running',
      ...created,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: formatNano(startedAt),
      stoppedByUser: false,
      ...(context.health.applies(wired)
        ? { health: { Status: 'starting', FailingStreak: 0, Log: [] } }
        : { health: undefined }),
    },
  });
  // The row is written while the process starts; both are done before anybody is told.
  await both(context.runtime.start(id), context.collection.save(id));
  if (options.fresh) context.live(id).restartDelay = 0;
  announce(context, running ?? wired, 'start');
  context.health.start(id);
}

/** Like Promise.all, but never leaves the other one running behind a failure: what it made must be undone. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  const [first, second] = await Promise.allSettled([a, b]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return [first.value, second.value];
}

/** A port or an address that a container which just ended still holds is about to be free. */
async function settledCleanups(context: Context, record: ContainerRecord): Promise<void> {
  const wantsFixed =
    Object.keys(wantedPorts(record)).length > 0 ||
    Object.values(record.networks).some((settings) => settings.IPAMConfig?.IPv4Address || settings.MacAddress);
  if (wantsFixed && context.cleanups.size > 0) await Promise.allSettled([...context.cleanups]);
}

async function prepareDisk(context: Context, record: ContainerRecord) {
  const { id, imageId } = record;
  const target = rootfsPath(context.paths, id);
  await makeBindSources(record);
  const sources = new Map<string, string>();
  for (const [index, mount] of record.mounts.entries()) {
    if (mount.Type === 'bind' && mount.NonRecursive) {
      sources.set(mount.Destination, await topOf(context, record, { source: mount.Source, index }));
    }
    if (mount.Type !== 'volume' || !mount.Name) continue;
    const source = await context.volumes.acquire(mount.Name, id, {
      destination: mount.Destination,
      'read/write': String(mount.RW),
      propagation: mount.Propagation,
    });
    sources.set(mount.Destination, await partOf(context, record, { source, index, subpath: mount.Subpath }));
  }
  const extra = [...fileMounts(filesOwner(context, record)), ...(await sharedMemory(context, record))];
  return { rootfs: await context.rootfs.mounts(id, imageId, target), sources, extra };
}

const heldPath = (context: Context, record: ContainerRecord, index: number): string =>
  join(heldDir(context.paths, record.id), String(index));

/** A directory without what is mounted below it: crun binds whole trees, whatever the options say. */
async function topOf(context: Context, record: ContainerRecord, { source, index }: { source: string; index: number }) {
  if (!(await stat(source)).isDirectory()) return source;
  const target = heldPath(context, record, index);
  await context.mounts.unmount(target);
  // Without a word on propagation the copy stays in the group of its source, where there is one.
  await context.mounts.mount([{ type: 'bind', source, target, options: ['bind'] }]);
  return target;
}

/** The volume itself, or the part of it that is asked for, held where nobody can turn the way to it. */
async function partOf(
  context: Context,
  record: ContainerRecord,
  { source, index, subpath }: { source: string; index: number; subpath: string | undefined },
): Promise<string> {
  if (!subpath) return source;
  const target = heldPath(context, record, index);
  await context.mounts.unmount(target);
  await context.mounts.bindBeneath(source, subpath, target);
  return target;
}

/** With `--network container:x` names resolve as they do in x. */
function filesOwner(context: Context, record: ContainerRecord): ContainerRecord {
  const other = containerOf(record.hostConfig.NetworkMode);
  return other ? running(context, other, 'network') : record;
}

/** Containers that share IPC share /dev/shm: a tmpfs of the one that offers it, outside of any container. */
async function sharedMemory(context: Context, record: ContainerRecord): Promise<Mount[]> {
  const { IpcMode, ShmSize } = record.hostConfig;
  const other = containerOf(IpcMode);
  const source = IpcMode === 'host' ? '/dev/shm' : shmPath(context.paths, other ?? record.id);
  if (other) running(context, other, 'IPC');
  if (IpcMode === 'shareable') {
    await mkdir(source, { recursive: true, mode: 0o700 });
    await context.mounts.unmount(source);
    const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${ShmSize}`];
    await context.mounts.mount([{ type: 'tmpfs', source: 'shm', target: source, options }]);
  } else if (IpcMode !== 'host' && !other) {
    return [];
  }
  return [{ type: 'bind', source, target: '/dev/shm', options: ['rbind', 'rprivate', 'rw'] }];
}

async function prepareNetwork(context: Context, record: ContainerRecord): Promise<Sandbox | undefined> {
  if (containerOf(record.hostConfig.NetworkMode) !== undefined) return undefined;
  const sandbox = await context.networking.setUp(sandboxRequest(context, record));
  await writeFiles(record, { ...sandbox, hostname: record.config.Hostname });
  return sandbox;
}

export function sandboxRequest(context: Context, record: ContainerRecord): SandboxRequest {
  const { hostConfig: host, config } = record;
  return {
    containerId: record.id,
    containerName: record.name,
    hostname: config.Domainname ? `${config.Hostname}.${config.Domainname}` : config.Hostname,
    endpoints: record.networks,
    ports: Object.keys(record.ports).length > 0 && isLive(record) ? record.ports : wantedPorts(record),
    dns: host.Dns ?? [],
    dnsSearch: host.DnsSearch ?? [],
    dnsOptions: host.DnsOptions ?? [],
    extraHosts: host.ExtraHosts ?? [],
    links: linksOf(record).flatMap((link) => {
      const [reference = '', alias] = link.split(':');
      const other = context.collection.byName(reference.replace(/^\//, '')) ?? context.collection.byId(reference);
      return other ? [{ containerId: other.id, name: other.name, alias: alias ?? other.name }] : [];
    }),
    sysctls: Object.fromEntries(Object.entries(host.Sysctls ?? {}).filter(([key]) => key.startsWith('net.'))),
  };
}

/** Of the container, and, as compose writes them, of its endpoints. */
const linksOf = (record: ContainerRecord): string[] => [
  ...new Set([
    ...(record.hostConfig.Links ?? []),
    ...Object.values(record.networks).flatMap((endpoint) => endpoint.Links ?? []),
  ]),
];

/** Another container whose namespaces are to be joined; it must run. */
function running(context: Context, id: string, what: string): ContainerRecord {
  const other = context.collection.byId(id);
  if (!other) throw new EngineError('not_found', `No such container: ${id}`);
  if (!isLive(other)) {
    throw new EngineError(
      'conflict',
      `cannot join ${what} namespace of a non running container: container ${id} is ${other.state.status}`,
    );
  }
  return other;
}

function netnsOf(context: Context, record: ContainerRecord, sandbox: Sandbox | undefined): RuntimeCreate['netns'] {
  const other = containerOf(record.hostConfig.NetworkMode);
  if (other) return { kind: 'path', path: `/proc/${running(context, other, 'network').state.pid}/ns/net` };
  if (!sandbox || sandbox.netnsPath === '') return { kind: 'host' };
  return { kind: 'path', path: sandbox.netnsPath };
}

function joinsOf(context: Context, record: ContainerRecord): RuntimeCreate['joins'] {
  const joins: RuntimeCreate['joins'] = {};
  const ipc = containerOf(record.hostConfig.IpcMode);
  const pid = containerOf(record.hostConfig.PidMode);
  if (ipc) joins.ipc = `/proc/${running(context, ipc, 'IPC').state.pid}/ns/ipc`;
  if (pid) joins.pid = `/proc/${running(context, pid, 'PID').state.pid}/ns/pid`;
  return joins;
}

/** A failed start leaves its reason and exit code behind; the status is what it was. */
async function noteFailure(context: Context, record: ContainerRecord, error: unknown): Promise<void> {
  const exitCode = isEngineError(error) ? Number(error.details?.exitCode ?? START_FAILED) : START_FAILED;
  const message = isEngineError(error) ? error.message : 'the container could not be started';
  const status = record.state.status === 'restarting' ? 'exited' : record.state.status;
  context.collection.change(record.id, {
    state: { ...record.state, status, pid: 0, pidStartTime: 0, exitCode, error: message },
  });
  await context.collection.save(record.id).catch((cause: unknown) => {
    context.log.error({ id: record.id, err: cause }, 'saving a failed start');
  });
}
