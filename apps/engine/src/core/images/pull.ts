import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { chainIdsOf, digestOf } from '#lib/digest.ts';
import { shortId } from '#lib/ids.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import {
  familiarReference,
  familiarRepository,
  formatReference,
  isTag,
  type Reference,
  repositoryOf,
} from '#lib/reference.ts';
import { createSharedWork } from '#lib/shared-work.ts';
import { parseName } from './catalog.ts';
import type { ImagesContext, LongOperation, Tell, TransferProgress } from './context.ts';
import { createLimiter } from './limiter.ts';
import {
  type ConfigFile,
  DOCUMENT_LIMIT,
  isIndex,
  type Manifest,
  MEDIA,
  type Platform,
  readConfig,
  readManifest,
} from './manifest.ts';
import type { Pins } from './pins.ts';
import { choosePlatform, formatPlatform, hostPlatform, matchesPlatform, parsePlatform } from './platform.ts';
import type { Descriptor, FetchedManifest, RegistryAuth, RegistryRepository } from './ports.ts';
import { makeRecord, publishImageEvent } from './record.ts';
import type { ImageRecord } from './types.ts';

/** Layers downloaded at once; Docker's default. */
const PARALLEL_DOWNLOADS = 3;
/** An index may name an index, which may name a manifest. */
const INDEX_NESTING = 2;
const PROGRESS_INTERVAL_MS = 100;
/** Messages kept for a second client that asks for the same image. */
const REPLAY = 2_000;

export type PullRequest = {
  /** As the user wrote it, with or without tag or digest. */
  name: string;
  /** A tag or a digest, when it was sent apart. */
  tag?: string;
  platform?: string;
  auth?: RegistryAuth;
};

type Found = { top: FetchedManifest; own: FetchedManifest; manifest: Manifest };

const IMAGE_CONFIGS: readonly string[] = ['', MEDIA.dockerConfig, MEDIA.ociConfig, 'application/octet-stream'];

function referenceOf(request: PullRequest): Reference {
  const reference = parseName(request.name);
  const { tag } = request;
  if (!tag) return reference;
  if (tag.includes(':')) return parseName(`${repositoryOf(reference)}@${tag}`);
  if (!isTag(tag)) throw new EngineError('invalid_argument', 'invalid reference format');
  return { ...reference, tag, digest: undefined };
}

/** From what a name leads to down to the manifest of one platform. */
async function findManifest(repository: RegistryRepository, what: string, platform: Platform): Promise<Found> {
  const top = await repository.manifest(what);
  let own = top;
  for (let nesting = 0; ; nesting += 1) {
    const document = readManifest(own.bytes, own.mediaType);
    if (!isIndex(document)) {
      if (!IMAGE_CONFIGS.includes(document.config.mediaType)) {
        const type = document.config.mediaType.slice(0, 100);
        throw new EngineError('invalid_argument', `encountered ${JSON.stringify(type)}, which is not an image`);
      }
      return { top, own, manifest: document };
    }
    if (nesting >= INDEX_NESTING)
      throw new EngineError('invalid_argument', 'invalid image: indexes are nested too deeply');
    const entry = choosePlatform(document.manifests, platform);
    own = await repository.manifest(entry.digest);
  }
}

export function createPuller(context: ImagesContext) {
  const { catalog, content, layers, registry, pins, events } = context;
  const shared = createSharedWork<TransferProgress, void>({ replay: REPLAY });
  const perBlob = createKeyedMutex();
  const limit = createLimiter(PARALLEL_DOWNLOADS);

  type Layer = { descriptor: Descriptor; chainId: string; diffId: string; lowest: boolean };
  type Step = { signal: AbortSignal; tell: Tell };

  const download = async (repository: RegistryRepository, { descriptor }: Layer, { signal, tell }: Step) => {
    const id = shortId(descriptor.digest);
    let last = 0;
    const blob = await content.stage(repository.blob(descriptor), {
      signal,
      maxSize: descriptor.size,
      progress(current) {
        const now = performance.now();
        if (now - last < PROGRESS_INTERVAL_MS && current < descriptor.size) return;
        last = now;
        tell({ status: 'Downloading', id, current, total: descriptor.size });
      },
    });
    tell({ status: 'Verifying Checksum', id });
    if (blob.digest !== descriptor.digest || blob.size !== descriptor.size) {
      await blob.discard();
      throw new EngineError('internal', `filesystem layer verification failed for digest ${descriptor.digest}`);
    }
    await blob.commit();
    tell({ status: 'Download complete', id });
  };

  const fetchLayer = async (repository: RegistryRepository, layer: Layer, step: Step) => {
    const { descriptor } = layer;
    const id = shortId(descriptor.digest);
    await perBlob(descriptor.digest, async () => {
      step.signal.throwIfAborted();
      if ((await content.size(descriptor.digest)) !== undefined) return;
      await limit(() => download(repository, layer, step));
    });
    let last = 0;
    await layers.unpack(
      { chainId: layer.chainId, diffId: layer.diffId, blob: descriptor.digest, lowest: layer.lowest },
      {
        signal: step.signal,
        progress(current) {
          const now = performance.now();
          if (now - last < PROGRESS_INTERVAL_MS && current < descriptor.size) return;
          last = now;
          step.tell({ status: 'Extracting', id, current, total: descriptor.size });
        },
      },
    );
    step.tell({ status: 'Pull complete', id });
  };

  const fetchConfig = async (
    repository: RegistryRepository,
    descriptor: Descriptor,
    signal: AbortSignal,
  ): Promise<ConfigFile> => {
    if (descriptor.size > DOCUMENT_LIMIT)
      throw new EngineError('invalid_argument', 'invalid image: config is larger than 4 MiB');
    if ((await content.size(descriptor.digest)) === undefined) {
      const blob = await content.stage(repository.blob(descriptor), { signal, maxSize: descriptor.size });
      if (blob.digest !== descriptor.digest) {
        await blob.discard();
        throw new EngineError('internal', `image config verification failed for digest ${descriptor.digest}`);
      }
      await blob.commit();
    }
    return readConfig(await content.read(descriptor.digest, DOCUMENT_LIMIT));
  };

  const fetchLayers = async (repository: RegistryRepository, wanted: Layer[], pin: Pins, step: Step) => {
    const todo: Layer[] = [];
    for (const layer of wanted) {
      await pin.hold(layer.descriptor.digest);
      await pin.hold(layer.chainId);
      const isHere =
        layers.size(layer.chainId) !== undefined && (await content.size(layer.descriptor.digest)) !== undefined;
      step.tell({ status: isHere ? 'Already exists' : 'Pulling fs layer', id: shortId(layer.descriptor.digest) });
      if (!isHere) todo.push(layer);
    }
    for (const layer of todo.slice(PARALLEL_DOWNLOADS))
      step.tell({ status: 'Waiting', id: shortId(layer.descriptor.digest) });
    await allOrAbort(step.signal, todo, (layer, signal) => fetchLayer(repository, layer, { ...step, signal }));
  };

  const fetchImage = async (
    repository: RegistryRepository,
    found: Found,
    wanted: { platform: Platform; isExplicit: boolean; shown: string },
    pin: Pins,
    step: Step,
  ): Promise<ImageRecord> => {
    const { manifest } = found;
    await pin.hold(manifest.config.digest);
    await pin.hold(found.own.digest);
    const config = await fetchConfig(repository, manifest.config, step.signal);
    if (wanted.isExplicit && !matchesPlatform(wanted.platform, config)) {
      throw new EngineError(
        'not_found',
        `image with reference ${wanted.shown} was found but does not match the specified platform: wanted ${formatPlatform(wanted.platform)}, actual: ${formatPlatform(config)}`,
      );
    }
    if (config.diffIds.length !== manifest.layers.length) {
      throw new EngineError(
        'invalid_argument',
        'invalid image: the config and the manifest have different numbers of layers',
      );
    }
    const chains = chainIdsOf(config.diffIds);
    const wantedLayers = manifest.layers.map((descriptor, index) => ({
      descriptor,
      chainId: chains[index]!,
      diffId: config.diffIds[index]!,
      lowest: index === 0,
    }));
    await fetchLayers(repository, wantedLayers, pin, step);
    const blob = await content.stage(toStream(found.own.bytes));
    await blob.commit();
    return makeRecord({
      id: manifest.config.digest,
      config,
      layers: manifest.layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
      manifestDigest: found.own.digest,
      store: layers,
      now: context.now(),
    });
  };

  const pullOne = async (reference: Reference, request: PullRequest, step: Step): Promise<void> => {
    const platform = request.platform ? parsePlatform(request.platform) : hostPlatform();
    const repository = registry.repository(reference, { auth: request.auth, actions: 'pull', signal: step.signal });
    const what = reference.digest ?? reference.tag!;
    const shown = familiarReference(reference);
    const found = await findManifest(repository, what, platform);
    step.tell({ status: `Pulling from ${reference.path}`, id: what });
    const pin = pins.begin();
    try {
      const wanted = { platform, isExplicit: Boolean(request.platform), shown };
      const record = await fetchImage(repository, found, wanted, pin, step);
      const isNew = await catalog.exclusively(() => install(record, reference, found.top.digest));
      step.tell({ status: `Digest: ${found.top.digest}` });
      step.tell({
        status: isNew ? `Status: Downloaded newer image for ${shown}` : `Status: Image is up to date for ${shown}`,
      });
      auditScope.object('image', record.id, shown);
      publishImageEvent(events, 'pull', shown, record, familiarRepository(reference));
      pin.release();
    } catch (error) {
      pin.release();
      // What was already here of an image that will not come.
      await catalog.exclusively(() => catalog.collect());
      throw error;
    }
  };

  /** True when the name did not lead to this image before. */
  const install = async (record: ImageRecord, reference: Reference, digest: string): Promise<boolean> => {
    const repoDigest = `${repositoryOf(reference)}@${digest}`;
    const tag = reference.tag === undefined || reference.digest ? undefined : formatReference(reference);
    const before = catalog.byId(record.id);
    const isNew = !before || (tag ? !before.repoTags.includes(tag) : !before.repoDigests.includes(repoDigest));
    await catalog.put({ ...record, repoDigests: [repoDigest] });
    if (tag) await catalog.setTag(record.id, tag, context.now());
    return isNew;
  };

  const pullShared = (reference: Reference, request: PullRequest, operation: LongOperation): Promise<void> => {
    const credentials = digestOf(JSON.stringify(request.auth ?? {}));
    const key = [formatReference(reference), request.platform ?? '', credentials].join(' ');
    return shared.join(key, ({ signal, tell }) => pullOne(reference, request, { signal, tell }), {
      signal: operation.signal,
      tell: operation.progress,
    });
  };

  /**
   * One image, or with neither tag nor digest all tags of the repository.
   * Nothing is told before the registry has answered for the first image, so
   * an error until then can be a plain answer.
   */
  return async (request: PullRequest, operation: LongOperation = {}): Promise<void> => {
    const reference = referenceOf(request);
    if (request.platform) parsePlatform(request.platform);
    if (reference.tag !== undefined || reference.digest !== undefined) return pullShared(reference, request, operation);
    const repository = registry.repository(reference, {
      auth: request.auth,
      actions: 'pull',
      signal: operation.signal,
    });
    for (const tag of await repository.tags()) await pullShared({ ...reference, tag }, request, operation);
  };
}

export async function* toStream(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

/** All at once; the first failure aborts the others, and nothing is left running when this settles. */
export async function allOrAbort<T>(
  signal: AbortSignal | undefined,
  items: readonly T[],
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const any = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
  let failed: { error: unknown } | undefined;
  await Promise.all(
    items.map((item) =>
      work(item, any).catch((error) => {
        failed ??= { error };
        controller.abort(error);
      }),
    ),
  );
  if (failed) throw failed.error;
}
