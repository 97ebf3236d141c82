import type { Readable } from 'node:stream';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import { familiarReference, formatReference } from '#lib/reference.ts';
import { type Assembly, beginAssembly, createBuilds } from './assemble.ts';
import { createCatalog, parseName } from './catalog.ts';
import { type CommitPlan, type CommitRequest, planCommit } from './commit.ts';
import type { ImagesContext, ImageUser, LongOperation } from './context.ts';
import { type ImportRequest, importImage, joinName } from './import.ts';
import { createdNano, type ListFilter, listImages, matchesLabels } from './list.ts';
import { type LoadRequest, type LoadResult, loadImages } from './load.ts';
import { isIndex, readManifest } from './manifest.ts';
import { createPinBoard } from './pins.ts';
import type { ContentStore, Decompress, ImageStore, LayerStore, Registry, RegistryAuth } from './ports.ts';
import { createPuller, type PullRequest } from './pull.ts';
import { createPusher, type Pushed, type PushRequest } from './push.ts';
import { publishImageEvent } from './record.ts';
import { pruneImages, type Removed, type RemoveOptions, removeImage } from './remove.ts';
import { saveImages } from './save.ts';
import { type Busybox, makeStarterImage } from './starter.ts';
import type { ImageHistory, ImageLookup, ImageRecord } from './types.ts';

export type HistoryEntry = ImageHistory & {
  /** Of the image whose last step it is; `<missing>` for what was built elsewhere. */
  id: string;
  /** Bytes the step added. */
  size: number;
  tags: string[];
};

export type DistributionInfo = {
  mediaType: string;
  digest: string;
  size: number;
  platforms: { os: string; architecture: string; variant?: string }[];
};

export type Images = ImageLookup & {
  list(filter?: ListFilter): ImageRecord[];
  history(name: string): HistoryEntry[];
  /** Bytes of all layers, each once; and of those, what no container's image needs. */
  diskUsage(): { total: number; reclaimable: number };
  /** Bytes of an image's layers that other images have too. */
  sharedSize(id: string): number;
  usersOf(id: string): ImageUser[];
  pull(request: PullRequest, operation?: LongOperation): Promise<void>;
  push(request: PushRequest, operation?: LongOperation & { pushed?: (result: Pushed) => void }): Promise<void>;
  load(request: LoadRequest, operation?: LongOperation): Promise<LoadResult>;
  save(names: readonly string[]): Promise<Readable>;
  import(request: ImportRequest, operation?: LongOperation): Promise<string>;
  /** The images' part of `docker commit`. */
  planCommit(request: CommitRequest): CommitPlan;
  tag(name: string, repository: string, tag: string): Promise<void>;
  remove(name: string, options?: RemoveOptions): Promise<Removed[]>;
  prune(filter: {
    dangling: boolean;
    until?: bigint;
    labels?: string[];
    withoutLabels?: string[];
  }): Promise<{ removed: Removed[]; reclaimed: number }>;
  distribution(name: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<DistributionInfo>;
  checkAuth: Registry['checkAuth'];
  /** For a build. */
  assemble(): Assembly;
  /** Every image, intermediate ones too. */
  all(): ImageRecord[];
  find(name: string): ImageRecord | undefined;
  /** At first boot; undefined when there are other images and it is not among them. */
  ensureStarterImage(busybox: Busybox): Promise<ImageRecord | undefined>;
};

/** Newest first; a step without a layer has size 0. */
function historyOf(record: ImageRecord, layers: LayerStore, byId: ImageLookup['byId']): HistoryEntry[] {
  let layer = 0;
  const steps = record.history.map((step) => {
    const chain = step.empty_layer ? undefined : record.chainIds[layer++];
    return {
      ...step,
      id: '<missing>',
      tags: [] as string[],
      size: chain === undefined ? 0 : (layers.size(chain) ?? 0),
    };
  });
  // Layers the history does not speak of.
  for (; layer < record.chainIds.length; layer += 1) {
    const size = layers.size(record.chainIds[layer]!) ?? 0;
    steps.push({ id: '<missing>', tags: [], size, created: record.created });
  }
  steps.reverse();
  // Each step of a build on this host is an image of its own.
  let image: ImageRecord | undefined = record;
  for (const step of steps) {
    if (!image) break;
    Object.assign(step, { id: image.id, tags: image.repoTags });
    image = image.parent === '' ? undefined : byId(image.parent);
  }
  return steps;
}

/**
 * The images of this host. Loads what the store knows and removes what a
 * killed engine left without owner.
 */
export async function createImages(deps: {
  store: ImageStore;
  content: ContentStore;
  layers: LayerStore;
  registry: Registry;
  decompress: Decompress;
  events: EventBus;
  /** Containers that stand on an image. */
  containersUsing: (imageId: string) => ImageUser[];
  /** RFC 3339 with nanoseconds. */
  now: () => string;
}): Promise<Images> {
  const { content, layers, registry, store } = deps;
  const pins = createPinBoard();
  const catalog = await createCatalog({ store, content, layers, pins });
  await catalog.collect();
  const context: ImagesContext = {
    catalog,
    content,
    layers,
    registry,
    pins,
    builds: createBuilds(),
    decompress: deps.decompress,
    events: deps.events,
    usersOf: deps.containersUsing,
    now: deps.now,
  };

  const sizeOf = (chains: Iterable<string>): number => {
    let sum = 0;
    for (const chain of chains) sum += layers.size(chain) ?? 0;
    return sum;
  };

  const tag = async (name: string, repository: string, tagName: string): Promise<void> => {
    const record = catalog.get(name);
    if (!repository) throw new EngineError('invalid_argument', 'invalid reference format');
    const reference = joinName(repository, tagName);
    if (!reference) throw new EngineError('invalid_argument', 'invalid reference format');
    auditScope.object('image', record.id, familiarReference(reference));
    await catalog.exclusively(() => catalog.setTag(record.id, formatReference(reference), deps.now()));
    publishImageEvent(deps.events, 'tag', record.id, record, familiarReference(reference));
  };

  const distribution: Images['distribution'] = async (name, auth, signal) => {
    const reference = parseName(name);
    const repository = registry.repository(reference, { auth, actions: 'pull', signal });
    const found = await repository.manifest(reference.digest ?? reference.tag ?? 'latest');
    const document = readManifest(found.bytes, found.mediaType);
    const platforms = isIndex(document)
      ? document.manifests.flatMap(({ platform }) =>
          platform?.os && platform.architecture
            ? [
                {
                  os: platform.os,
                  architecture: platform.architecture,
                  ...(platform.variant && { variant: platform.variant }),
                },
              ]
            : [],
        )
      : [];
    return { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length, platforms };
  };

  return {
    resolve: catalog.resolve,
    byId: catalog.byId,
    familiarName: catalog.familiarName,
    list: (filter = {}) => listImages(catalog, filter),
    history: (name) => historyOf(catalog.get(name), layers, catalog.byId),
    diskUsage() {
      const used = catalog.all().filter((record) => deps.containersUsing(record.id).length > 0);
      const total = sizeOf(new Set(catalog.all().flatMap((record) => record.chainIds)));
      return { total, reclaimable: total - sizeOf(new Set(used.flatMap((record) => record.chainIds))) };
    },
    sharedSize(id) {
      const others = new Set(catalog.all().flatMap((record) => (record.id === id ? [] : record.chainIds)));
      return sizeOf((catalog.byId(id)?.chainIds ?? []).filter((chain) => others.has(chain)));
    },
    usersOf: deps.containersUsing,
    pull: createPuller(context),
    push: createPusher(context),
    load: (request, operation) => loadImages(context, request, operation),
    save: (names) => saveImages(context, names),
    import: (request, operation) => importImage(context, request, operation),
    planCommit: (request) => planCommit(context, request),
    tag,
    remove: (name, options) => removeImage(context, name, options),
    prune: (filter) =>
      pruneImages(context, {
        dangling: filter.dangling,
        matches: (record) =>
          matchesLabels(record, filter.labels, filter.withoutLabels) &&
          (filter.until === undefined || createdNano(record) <= filter.until),
      }),
    distribution,
    checkAuth: registry.checkAuth,
    assemble: () => beginAssembly(context),
    all: catalog.all,
    find: catalog.find,
    ensureStarterImage: (busybox) => makeStarterImage(context, busybox),
  };
}
