import { createGzip } from 'node:zlib';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { shortId } from '#lib/ids.ts';
import { familiarRepository, formatReference, isTag, parseReference, repositoryOf } from '#lib/reference.ts';
import { parseName } from './catalog.ts';
import type { ImagesContext, LongOperation, Tell } from './context.ts';
import { createLimiter } from './limiter.ts';
import { DOCUMENT_LIMIT, isIndex, MEDIA, readManifest } from './manifest.ts';
import type { Pins } from './pins.ts';
import type { RegistryAuth, RegistryRepository } from './ports.ts';
import { allOrAbort, toStream } from './pull.ts';
import { publishImageEvent } from './record.ts';
import type { ImageRecord } from './types.ts';

/** Layers sent at once. */
const PARALLEL_UPLOADS = 3;
/** Compression is most of what a push costs; above this level it gives little for random content. */
const GZIP_LEVEL = 3;
const PROGRESS_INTERVAL_MS = 100;

export type PushRequest = {
  /** Repository, with or without tag. */
  name: string;
  /** Without one: all tags of the repository. */
  tag?: string;
  auth?: RegistryAuth;
};

export type Pushed = { tag: string; digest: string; size: number };

type Layer = ImageRecord['layers'][number];

const isPlainTar = (mediaType: string): boolean => mediaType.endsWith('.tar');

export function createPusher(context: ImagesContext) {
  const { catalog, content, pins } = context;
  const limit = createLimiter(PARALLEL_UPLOADS);

  const compressed = async (layer: Layer, pin: Pins, signal: AbortSignal): Promise<Layer> => {
    if (!isPlainTar(layer.mediaType)) return layer;
    const gzip = createGzip({ level: GZIP_LEVEL, chunkSize: 256 * 1024 });
    const source = content.open(layer.digest);
    source.once('error', (error) => gzip.destroy(error));
    const blob = await content.stage(source.pipe(gzip), { signal }).finally(() => source.destroy());
    await pin.hold(blob.digest);
    await blob.commit();
    return { digest: blob.digest, size: blob.size, mediaType: MEDIA.dockerLayerGzip };
  };

  const sendLayer = async (
    repository: RegistryRepository,
    layer: Layer,
    id: string,
    step: { pin: Pins; signal: AbortSignal; tell: Tell },
  ): Promise<Layer> => {
    const { tell } = step;
    const ready = await compressed(layer, step.pin, step.signal);
    if (await repository.hasBlob(ready.digest)) {
      tell({ status: 'Layer already exists', id });
      return ready;
    }
    let last = 0;
    await repository.putBlob(ready, () => content.open(ready.digest), {
      progress(current) {
        const now = performance.now();
        if (now - last < PROGRESS_INTERVAL_MS && current < ready.size) return;
        last = now;
        tell({ status: 'Pushing', id, current, total: ready.size });
      },
    });
    tell({ status: 'Pushed', id });
    return ready;
  };

  /** The manifest the image came with when its blobs are still those, so that its digest stays; a new one otherwise. */
  const manifestOf = async (
    record: ImageRecord,
    layers: readonly Layer[],
  ): Promise<{ bytes: Buffer; mediaType: string }> => {
    if (record.manifestDigest && (await content.size(record.manifestDigest)) !== undefined) {
      const bytes = await content.read(record.manifestDigest, DOCUMENT_LIMIT);
      const document = readManifest(bytes, MEDIA.dockerManifest);
      const isSame =
        !isIndex(document) &&
        document.layers.length === layers.length &&
        document.layers.every((layer, index) => layer.digest === layers[index]!.digest);
      if (isSame) return { bytes, mediaType: document.mediaType };
    }
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.dockerManifest,
      config: { mediaType: MEDIA.dockerConfig, size: (await content.size(record.id)) ?? 0, digest: record.id },
      layers: layers.map(({ digest, size }) => ({ mediaType: MEDIA.dockerLayerGzip, size, digest })),
    };
    return { bytes: Buffer.from(JSON.stringify(manifest, null, 3)), mediaType: MEDIA.dockerManifest };
  };

  const pushTag = async (
    repository: RegistryRepository,
    tag: string,
    id: string,
    step: { signal?: AbortSignal; tell: Tell },
  ): Promise<Pushed> => {
    const record = catalog.byId(id);
    if (!record) throw new EngineError('not_found', `No such image: ${shortId(id)}`);
    const name = parseReference(tag);
    const pin = pins.begin();
    try {
      for (const digest of [record.id, ...record.layers.map((layer) => layer.digest)]) await pin.hold(digest);
      const layers: Layer[] = [...record.layers];
      const shown = record.diffIds.map(shortId);
      for (const one of [...shown].reverse()) step.tell({ status: 'Preparing', id: one });
      await allOrAbort(step.signal, [...layers.keys()].reverse(), (index, signal) =>
        limit(async () => {
          layers[index] = await sendLayer(repository, layers[index]!, shown[index]!, { pin, signal, tell: step.tell });
        }),
      );
      if (!(await repository.hasBlob(record.id))) {
        const size = (await content.size(record.id)) ?? 0;
        await repository.putBlob({ digest: record.id, size }, () => content.open(record.id));
      }
      const { bytes, mediaType } = await manifestOf(record, layers);
      const digest = await repository.putManifest(name.tag!, mediaType, bytes);
      const blob = await content.stage(toStream(bytes));
      await pin.hold(blob.digest);
      await blob.commit();
      await remember(id, { layers, manifestDigest: blob.digest, repoDigest: `${repositoryOf(name)}@${digest}` });
      step.tell({ status: `${name.tag}: digest: ${digest} size: ${bytes.length}` });
      return { tag: name.tag!, digest, size: bytes.length };
    } finally {
      pin.release();
      // A push that failed leaves no compressed copies.
      await catalog.exclusively(() => catalog.collect());
    }
  };

  /** The compressed blobs take the place of the plain ones: the next push finds them, and the disk holds one form only. */
  const remember = (
    id: string,
    facts: { layers: Layer[]; manifestDigest: string; repoDigest: string },
  ): Promise<void> =>
    catalog.exclusively(async () => {
      const now = catalog.byId(id);
      if (!now) return;
      const repoDigests = [...new Set([...now.repoDigests, facts.repoDigest])];
      await catalog.update({ ...now, layers: facts.layers, manifestDigest: facts.manifestDigest, repoDigests });
    });

  return async (
    request: PushRequest,
    operation: LongOperation & { pushed?: (result: Pushed) => void } = {},
  ): Promise<void> => {
    const named = parseName(request.name);
    if (request.tag && !isTag(request.tag)) throw new EngineError('invalid_argument', 'invalid tag format');
    const tag = request.tag || named.tag;
    const tell: Tell = operation.progress ?? (() => undefined);
    const wanted = tag === undefined ? undefined : formatReference({ ...named, tag, digest: undefined });
    const chosen = catalog
      .all()
      .flatMap((record) =>
        record.repoTags
          .filter((one) => (wanted ? one === wanted : repositoryOf(parseReference(one)) === repositoryOf(named)))
          .map((one) => ({ id: record.id, tag: one })),
      );
    if (chosen.length === 0) {
      const what = familiarRepository(named);
      throw new EngineError(
        'not_found',
        tag === undefined
          ? `An image does not exist locally with the tag: ${what}`
          : `tag does not exist: ${what}:${tag}`,
      );
    }
    const repository = context.registry.repository(named, {
      auth: request.auth,
      actions: 'pull,push',
      signal: operation.signal,
    });
    tell({ status: `The push refers to repository [${repositoryOf(named)}]` });
    for (const one of chosen) {
      const result = await pushTag(repository, one.tag, one.id, { signal: operation.signal, tell });
      operation.pushed?.(result);
      const record = catalog.byId(one.id);
      auditScope.object('image', one.id, one.tag);
      publishImageEvent(
        context.events,
        'push',
        `${familiarRepository(named)}:${result.tag}`,
        record,
        familiarRepository(named),
      );
    }
  };
}
