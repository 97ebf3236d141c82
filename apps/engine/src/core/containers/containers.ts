import type { CommitPlan, CommitRequest } from '#core/images/commit.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import { type CopyInOptions, copyIn, copyOut, exportRoot, listChanges, statPath } from './archive.ts';
import { createCollection } from './collection.ts';
import { type CommitOptions, commitContainer } from './commit.ts';
import type { ContainersDeps, Context, Live } from './context.ts';
import { type Creating, createContainer } from './create.ts';
import { handleExit } from './exit.ts';
import type { Filters } from './filters.ts';
import { createHealthMonitors } from './health.ts';
import { rootfsPath } from './paths.ts';
import {
  countByState,
  type ListOptions,
  listContainers,
  usingImage,
  usingVolume,
  waitForContainer,
} from './queries.ts';
import { recover } from './recover.ts';
import { pruneContainers, type RemoveOptions, removeContainer } from './remove.ts';
import type { CreateRequest, UpdateRequest } from './request.ts';
import { startContainer } from './start.ts';
import {
  killContainer,
  pauseContainer,
  restartContainer,
  type StopOptions,
  stopContainer,
  unpauseContainer,
} from './stop.ts';
import type { ContainerRecord, EndpointSettings } from './types.ts';
import { renameContainer, resizeContainer, unlinkContainer, updateContainer } from './update.ts';
import { createWaits, type WaitCondition } from './waits.ts';

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
      const live: Live = { restartDelay: 0, removing: false, writing: new Set() };
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

  return {
    /** Throws not_found (`No such container: x`) or invalid_argument (ambiguous prefix). */
    resolve: collection.resolve,
    get: collection.byId,
    /** In order of creation. */
    all: collection.all,
    list: (options: ListOptions) => listContainers(context, options),
    create: (request: CreateRequest) => createContainer(context, creating, request),
    start: (reference: string) => startContainer(context, reference),
    stop: (reference: string, options: StopOptions = {}) => stopContainer(context, reference, options),
    restart: (reference: string, options: StopOptions = {}) => restartContainer(context, reference, options),
    kill: (reference: string, signal = '') => killContainer(context, reference, signal),
    pause: (reference: string) => pauseContainer(context, reference),
    unpause: (reference: string) => unpauseContainer(context, reference),
    /** Registered when it returns its promise. Rejects with the signal's reason when aborted. */
    wait: (reference: string, condition: WaitCondition, signal?: AbortSignal) =>
      waitForContainer(context, reference, condition, signal),
    remove: (reference: string, options: RemoveOptions = {}) => removeContainer(context, reference, options),
    rename: (reference: string, name: string) => renameContainer(context, reference, name),
    update: (reference: string, request: UpdateRequest) => updateContainer(context, reference, request),
    /** `docker rm --link`: the name is gone from the container's next start on. */
    unlink: (reference: string, alias: string) => unlinkContainer(context, reference, alias),
    resize: (reference: string, size: { rows: number; columns: number }) => resizeContainer(context, reference, size),
    /** Paths are bytes, as latin1. */
    statPath: (reference: string, path: string) => statPath(context, reference, path),
    copyOut: (reference: string, path: string, options: { signal: AbortSignal }) =>
      copyOut(context, reference, path, options),
    copyIn: (reference: string, path: string, archive: AsyncIterable<Uint8Array>, options: CopyInOptions) =>
      copyIn(context, reference, path, archive, options),
    export: (reference: string, options: { signal: AbortSignal }) => exportRoot(context, reference, options),
    changes: (reference: string) => listChanges(context, reference),
    commit: (reference: string, options: CommitOptions, plan: (request: CommitRequest) => CommitPlan) =>
      commitContainer(context, reference, options, plan),
    prune: (filters: Filters) => pruneContainers(context, filters),
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
    usingImage: (imageId: string) => usingImage(context, creating, imageId),
    /** Ids of containers that mount a volume, stopped ones and ones in the making too. */
    usingVolume: (name: string) => usingVolume(context, creating, name),
    /** Running, paused and the rest, for info. */
    counts: () => countByState(collection),
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
