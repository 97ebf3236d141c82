import { posix } from 'node:path';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { chainIdsOf } from '#lib/digest.ts';
import { shortId } from '#lib/ids.ts';
import {
  familiarReference,
  formatReference,
  InvalidReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '#lib/reference.ts';
import { readTar, TarError } from '#lib/tar.ts';
import type { ImagesContext, LongOperation, Tell } from './context.ts';
import {
  type ConfigFile,
  DOCUMENT_LIMIT,
  isIndex,
  LAYER_LIMIT,
  MEDIA,
  parseDocument,
  readConfig,
  readManifest,
} from './manifest.ts';
import type { Pins } from './pins.ts';
import { choosePlatform, hostPlatform, parsePlatform } from './platform.ts';
import type { Descriptor, StagedBlob } from './ports.ts';
import { allOrAbort } from './pull.ts';
import { makeRecord, publishImageEvent } from './record.ts';
import type { ImageRecord } from './types.ts';

const ENTRY_LIMIT = 10_000;
const IMAGE_LIMIT = 1_000;
const LINK_LIMIT = 8;

export type LoadRequest = {
  /** docker-archive or OCI layout, plain or compressed. */
  source: AsyncIterable<Uint8Array>;
  quiet?: boolean;
  platform?: string;
};

/** What `load` tells about: lines for people as Docker writes them, or progress of a layer. */
export type LoadResult = { id: string; references: string[] }[];

type Archive = {
  /** The staged file of that name, through links of the archive; undefined when there is none. */
  file(name: string): StagedBlob | undefined;
  discard(): Promise<void>;
};

/** One image as the archive describes it, checked but not stored. */
type Candidate = {
  id: string;
  config: ConfigFile;
  configBlob: StagedBlob;
  layers: { blob: StagedBlob; mediaType: string }[];
  references: Reference[];
  manifest?: StagedBlob;
};

const invalid = (what: string): EngineError => new EngineError('invalid_argument', `invalid archive: ${what}`);

async function readArchive(
  context: ImagesContext,
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Archive> {
  const files = new Map<string, StagedBlob>();
  const links = new Map<string, string>();
  const discard = async () => {
    await Promise.all([...files.values()].map((blob) => blob.discard()));
  };
  try {
    let count = 0;
    for await (const { entry, body } of readTar(context.decompress(source))) {
      count += 1;
      if (count > ENTRY_LIMIT) throw invalid(`more than ${ENTRY_LIMIT} entries`);
      // Absolute below a root of its own: `..` goes nowhere.
      const name = posix.normalize(`/${entry.name}`);
      if (entry.type === 'file') {
        await files.get(name)?.discard();
        files.set(name, await context.content.stage(body, { signal }));
      } else if (entry.type === 'symlink') {
        links.set(name, posix.resolve(posix.dirname(name), entry.linkname));
      } else if (entry.type === 'link') {
        links.set(name, posix.normalize(`/${entry.linkname}`));
      }
    }
  } catch (error) {
    await discard();
    if (error instanceof TarError || (error as Error).name === 'DecompressError') {
      throw new EngineError('invalid_argument', (error as Error).message, { cause: error });
    }
    throw error;
  }
  return {
    file(name) {
      let path = posix.normalize(`/${name}`);
      for (let hops = 0; hops < LINK_LIMIT; hops += 1) {
        const blob = files.get(path);
        if (blob) return blob;
        const target = links.get(path);
        if (target === undefined) return undefined;
        path = target;
      }
      return undefined;
    },
    discard,
  };
}

function parseTag(text: string): Reference {
  try {
    const reference = withDefaultTag(parseReference(text));
    if (reference.digest) throw invalid(`tag ${JSON.stringify(text).slice(0, 300)} has a digest`);
    return reference;
  } catch (error) {
    if (error instanceof InvalidReference) throw new EngineError('invalid_argument', error.message, { cause: error });
    throw error;
  }
}

async function readDockerManifest(archive: Archive, manifest: StagedBlob): Promise<Candidate[]> {
  const bytes = await manifest.read(DOCUMENT_LIMIT);
  const { images } = parseDocument(
    Buffer.concat([Buffer.from('{"images":'), bytes, Buffer.from('}')]),
    'manifest.json',
  );
  if (!Array.isArray(images) || images.length > IMAGE_LIMIT) throw invalid('manifest.json is not a list of images');
  const candidates: Candidate[] = [];
  for (const image of images) {
    if (typeof image !== 'object' || image === null) throw invalid('manifest.json has an entry that is not an object');
    const { Config, RepoTags, Layers } = image as Record<string, unknown>;
    const isNames = (value: unknown): value is string[] =>
      Array.isArray(value) && value.every((one) => typeof one === 'string');
    if (typeof Config !== 'string') throw invalid('manifest.json has an image without config');
    if (Layers != null && !isNames(Layers)) throw invalid('manifest.json has an image without layers');
    if (RepoTags != null && !isNames(RepoTags)) throw invalid('manifest.json has tags that are not text');
    const names: string[] = Layers ?? [];
    if (names.length > LAYER_LIMIT) throw invalid(`max depth exceeded: more than ${LAYER_LIMIT} layers`);
    const configBlob = archive.file(Config);
    if (!configBlob) throw invalid(`${JSON.stringify(Config).slice(0, 200)} is missing`);
    const layers = names.map((name) => {
      const blob = archive.file(name);
      if (!blob) throw invalid(`${JSON.stringify(name).slice(0, 200)} is missing`);
      return { blob, mediaType: '' };
    });
    const config = readConfig(await configBlob.read(DOCUMENT_LIMIT));
    const references = ((RepoTags ?? []) as string[]).map(parseTag);
    candidates.push({ id: configBlob.digest, config, configBlob, layers, references });
  }
  return candidates;
}

async function readOciLayout(archive: Archive, index: StagedBlob, platform?: string): Promise<Candidate[]> {
  const top = readManifest(await index.read(DOCUMENT_LIMIT), MEDIA.ociIndex);
  if (!isIndex(top)) throw invalid('index.json is not an index');
  const blobOf = (descriptor: Descriptor): StagedBlob => {
    const blob = archive.file(`blobs/${descriptor.digest.replace(':', '/')}`);
    if (!blob) throw invalid(`blob ${descriptor.digest} is missing`);
    if (blob.digest !== descriptor.digest || blob.size !== descriptor.size)
      throw invalid(`blob ${descriptor.digest} is damaged`);
    return blob;
  };
  const candidates: Candidate[] = [];
  for (const entry of top.manifests) {
    let blob = blobOf(entry);
    let document = readManifest(await blob.read(DOCUMENT_LIMIT), entry.mediaType);
    if (isIndex(document)) {
      blob = blobOf(choosePlatform(document.manifests, platform ? parsePlatform(platform) : hostPlatform()));
      document = readManifest(await blob.read(DOCUMENT_LIMIT), MEDIA.ociManifest);
      if (isIndex(document)) throw invalid('indexes are nested too deeply');
    }
    const configBlob = blobOf(document.config);
    const config = readConfig(await configBlob.read(DOCUMENT_LIMIT));
    const layers = document.layers.map((layer) => ({ blob: blobOf(layer), mediaType: layer.mediaType }));
    const name =
      entry.annotations?.['io.containerd.image.name'] ?? entry.annotations?.['org.opencontainers.image.ref.name'];
    // The plain `ref.name` of other tools is often only a tag, which names nothing.
    const isFull = name !== undefined && (name.includes('/') || name.includes(':'));
    candidates.push({
      id: configBlob.digest,
      config,
      configBlob,
      layers,
      references: isFull ? [parseTag(name)] : [],
      manifest: blob,
    });
  }
  return candidates;
}

async function readCandidates(archive: Archive, platform?: string): Promise<Candidate[]> {
  const manifest = archive.file('manifest.json');
  if (manifest) return readDockerManifest(archive, manifest);
  const index = archive.file('index.json');
  if (index && archive.file('oci-layout')) return readOciLayout(archive, index, platform);
  if (archive.file('repositories')) {
    throw new EngineError('not_implemented', 'archives of the layout before Docker 1.10 cannot be loaded');
  }
  throw invalid('it has neither manifest.json nor index.json');
}

async function storeLayers(
  context: ImagesContext,
  candidate: Candidate,
  pin: Pins,
  options: { signal?: AbortSignal; tell: Tell },
) {
  const { config, layers } = candidate;
  if (config.diffIds.length !== layers.length) {
    throw invalid(`the config lists ${config.diffIds.length} layers, the manifest ${layers.length}`);
  }
  const chains = chainIdsOf(config.diffIds);
  const jobs = layers.map(({ blob }, index) => ({
    blob,
    chainId: chains[index]!,
    diffId: config.diffIds[index]!,
    lowest: index === 0,
  }));
  for (const job of jobs) {
    await pin.hold(job.blob.digest);
    await pin.hold(job.chainId);
  }
  await allOrAbort(options.signal, jobs, async ({ blob, chainId, diffId, lowest }, signal) => {
    await blob.commit();
    const id = shortId(diffId);
    options.tell({ status: 'Loading layer', id, current: 0, total: blob.size });
    await context.layers.unpack(
      { chainId, diffId, blob: blob.digest, lowest },
      { signal, progress: (current) => options.tell({ status: 'Loading layer', id, current, total: blob.size }) },
    );
    options.tell({ status: 'Loading layer', id, current: blob.size, total: blob.size });
  });
}

async function storeCandidate(
  context: ImagesContext,
  candidate: Candidate,
  pin: Pins,
  options: { signal?: AbortSignal; tell: Tell },
) {
  await pin.hold(candidate.configBlob.digest);
  await storeLayers(context, candidate, pin, options);
  await candidate.configBlob.commit();
  if (candidate.manifest) {
    await pin.hold(candidate.manifest.digest);
    await candidate.manifest.commit();
  }
  const layers = await Promise.all(
    candidate.layers.map(async ({ blob, mediaType }) => ({
      digest: blob.digest,
      size: blob.size,
      mediaType: mediaType || (await mediaTypeOf(context, blob.digest)),
    })),
  );
  return makeRecord({
    id: candidate.id,
    config: candidate.config,
    layers,
    manifestDigest: candidate.manifest?.digest,
    store: context.layers,
    now: context.now(),
  });
}

/** gzip by its magic; a docker-archive says nothing about it. */
async function mediaTypeOf(context: ImagesContext, digest: string): Promise<string> {
  for await (const chunk of context.content.open(digest)) {
    return chunk[0] === 0x1f && chunk[1] === 0x8b ? MEDIA.dockerLayerGzip : MEDIA.dockerLayer;
  }
  return MEDIA.dockerLayer;
}

/**
 * Loads every image of an archive, or none: all layers are unpacked and
 * verified before the first image is listed. Errors: `invalid_argument`.
 */
export async function loadImages(
  context: ImagesContext,
  request: LoadRequest,
  operation: LongOperation = {},
): Promise<LoadResult> {
  const { catalog, pins } = context;
  const tell: Tell = request.quiet ? () => undefined : (operation.progress ?? (() => undefined));
  const archive = await readArchive(context, request.source, operation.signal);
  const pin = pins.begin();
  const result: LoadResult = [];
  try {
    const candidates = await readCandidates(archive, request.platform);
    const records: ImageRecord[] = [];
    for (const candidate of candidates) {
      records.push(await storeCandidate(context, candidate, pin, { signal: operation.signal, tell }));
    }
    await catalog.exclusively(async () => {
      for (const [index, record] of records.entries()) {
        await catalog.put(record);
        const references = candidates[index]!.references;
        for (const reference of references) await catalog.setTag(record.id, formatReference(reference), context.now());
        result.push({ id: record.id, references: references.map(familiarReference) });
      }
    });
    for (const [index, { id, references }] of result.entries()) {
      auditScope.object('image', id, references[0] ?? shortId(id));
      publishImageEvent(context.events, 'load', id, records[index], references[0] ?? id);
    }
    return result;
  } finally {
    await archive.discard();
    pin.release();
    await catalog.exclusively(() => catalog.collect());
  }
}
