import { auditScope } from '#core/audit/scope.ts';
import { isEngineError } from '#core/errors.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import { createCollection } from './collection.ts';
import type { ContainersDeps, Context, Live } from './context.ts';
import { type Creating, createContainer } from './create.ts';
import { handleExit } from './exit.ts';
import { compileFilters, compilePruneFilters, type Filters, impliesAll } from './filters.ts';
import { createHealthMonitors } from './health.ts';
import { rootfsPath } from './paths.ts';
import { recover } from './recover.ts';
import { type RemoveOptions, removeContainer, removeLocked } from './remove.ts';
import type { CreateRequest, UpdateRequest } from './request.ts';
import { startLocked } from './start.ts';
import { assertCanStart, isLive, isRunning } from './state-machine.ts';
import {
  killContainer,
  pauseContainer,
  restartContainer,
  type StopOptions,
  stopContainer,
  unpauseContainer,
} from './stop.ts';
import type { ContainerRecord, EndpointSettings } from './types.ts';
import { renameContainer, resizeContainer, updateContainer } from './update.ts';
import { createWaits, type WaitCondition, type WaitResult } from './waits.ts';

export type Containers = ReturnType<typeof createContainers>;

/**
 * Containers: what `docker container …` does, and what other nouns ask of
 * them. A reference is a full id, a name with or without a leading slash, or a
 * unique prefix of an id. Readers (`resolve`, `list`, `wait`) never wait for a
 * verb; verbs on one container wait for one another, on different ones they do
 * not.
 */
export function createContainers(deps: ContainersDeps) {
  const collection = createCollection(deps.store);
  const lives = new Map<string, Live>();
  const creating: Creating = new Map();
  const context: Context = {
    ...deps,
    collection,
    waits: createWaits(),
    health: createHealthMonitors({ ...deps, collection }),
    lock: createKeyedMutex(),
    cleanups: new Set(),
    live(id) {
      const known = lives.get(id);
      if (known) return known;
      const live: Live = { restartDelay: 0, removing: false };
      lives.set(id, live);
      return live;
    },
    forget: (id) => void lives.delete(id),
  };

  const stopListening = deps.runtime.onExit((exit) => {
    handleExit(context, exit).catch((error: unknown) => {
      deps.log.error({ id: exit.id, err: error }, 'handling an exit');
    });
  });

  async function start(reference: string): Promise<void> {
    const { id, name } = collection.resolve(reference);
    auditScope.object('container', id, name);
    await context.lock(id, async () => {
      try {
        const record = collection.resolve(id);
        assertCanStart(record);
        clearTimeout(context.live(id).restartTimer);
        await startLocked(context, id, { fresh: true });
      } catch (error) {
        await removeAfterFailedStart(context, id, error);
        throw error;
      }
    });
  }

  async function restart(reference: string, options: StopOptions): Promise<void> {
    await restartContainer(context, reference, options, start);
  }

  function wait(reference: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult> {
    const record = collection.resolve(reference);
    if (condition === 'removed') return context.waits.removal(record.id, signal);
    if (condition === 'not-running' && !isRunning(record)) {
      return Promise.resolve({ exitCode: record.state.exitCode });
    }
    return context.waits.nextExit(record.id, signal);
  }

  async function list(options: { all?: boolean; limit?: number; filters?: Filters }): Promise<ContainerRecord[]> {
    const filters = options.filters ?? new Map();
    const test = await compileFilters(filters, { collection, images: deps.images, networking: deps.networking });
    const limit = options.limit ?? 0;
    const all = options.all || limit > 0 || impliesAll(filters);
    const newestFirst = collection.all().sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
    const found = newestFirst.filter((record) => (all || isRunning(record)) && test(record));
    return limit > 0 ? found.slice(0, limit) : found;
  }

  async function prune(filters: Filters): Promise<{ deleted: string[]; reclaimed: number }> {
    const test = compilePruneFilters(filters, deps.now());
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const record of collection.all()) {
      if (isRunning(record) || record.state.status === 'removing' || !test(record)) continue;
      try {
        const { rw } = await deps.rootfs.size(record.id, record.imageId);
        await removeContainer(context, record.id, {});
        deleted.push(record.id);
        reclaimed += rw;
      } catch (error) {
        // Started or removed by somebody else meanwhile.
        if (!isEngineError(error, 'conflict') && !isEngineError(error, 'not_found')) throw error;
      }
    }
    deps.events.publish({ type: 'container', action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
    return { deleted, reclaimed };
  }

  return {
    /** Throws not_found (`No such container: x`) or invalid_argument (ambiguous prefix). */
    resolve: collection.resolve,
    get: collection.byId,
    /** In order of creation. */
    all: collection.all,
    list,
    create: (request: CreateRequest) => createContainer(context, creating, request),
    start,
    stop: (reference: string, options: StopOptions = {}) => stopContainer(context, reference, options),
    restart,
    kill: (reference: string, signal = '') => killContainer(context, reference, signal),
    pause: (reference: string) => pauseContainer(context, reference),
    unpause: (reference: string) => unpauseContainer(context, reference),
    /** Registered when it returns its promise. Rejects with the signal's reason when aborted. */
    wait,
    remove: (reference: string, options: RemoveOptions = {}) => removeContainer(context, reference, options),
    rename: (reference: string, name: string) => renameContainer(context, reference, name),
    update: (reference: string, request: UpdateRequest) => updateContainer(context, reference, request),
    resize: (reference: string, size: { rows: number; columns: number }) => resizeContainer(context, reference, size),
    prune,
    /**
     * Sets, or with null removes, one network of a container's record, durably. Takes no lock: networks calls it while
     * it holds its own lock on the container.
     */
    async setEndpoint(id: string, networkName: string, settings: EndpointSettings | null): Promise<void> {
      const record = collection.resolve(id);
      const others = Object.entries(record.networks).filter(([name]) => name !== networkName);
      const networks = Object.fromEntries(settings ? [...others, [networkName, settings]] : others);
      collection.change(record.id, { networks });
      await collection.save(record.id);
    },
    /** Bytes of the writable layer and of everything below it. */
    size: (record: ContainerRecord) => deps.rootfs.size(record.id, record.imageId),
    /** The directories behind a container's root, for inspect. */
    graph: async (record: ContainerRecord) => {
      const merged = rootfsPath(deps.paths, record.id);
      return { merged, mounts: await deps.rootfs.mounts(record.id, record.imageId, merged) };
    },
    /** Containers made from an image, also while they are being made. */
    usingImage: (imageId: string): { id: string; name: string; running: boolean }[] => [
      ...collection
        .all()
        .filter((record) => record.imageId === imageId)
        .map((record) => ({ id: record.id, name: record.name, running: isRunning(record) })),
      ...[...creating]
        .filter(([id, made]) => made.imageId === imageId && !collection.byId(id))
        .map(([id]) => ({ id, name: '', running: false })),
    ],
    /** Ids of containers that mount a volume, stopped ones and ones in the making too. */
    usingVolume: (name: string): string[] => [
      ...new Set([
        ...collection
          .all()
          .filter((record) => record.mounts.some((mount) => mount.Type === 'volume' && mount.Name === name))
          .map((record) => record.id),
        ...[...creating].filter(([, made]) => made.volumes.has(name)).map(([id]) => id),
      ]),
    ],
    /** Running, paused and the rest, for info. */
    counts(): { running: number; paused: number; stopped: number } {
      const counts = { running: 0, paused: 0, stopped: 0 };
      for (const record of collection.all()) {
        if (record.state.status === 'paused') counts.paused++;
        else if (isLive(record)) counts.running++;
        else counts.stopped++;
      }
      return counts;
    },
    /** Once, at boot, before requests are served. */
    recover: () => recover(context),
    /** Lets go of timers and listeners; containers run on. Waits for clean-ups under way. */
    async close(): Promise<void> {
      stopListening();
      for (const live of lives.values()) clearTimeout(live.restartTimer);
      for (const record of collection.all()) context.health.stop(record.id);
      await Promise.allSettled([...context.cleanups]);
    },
  };
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
