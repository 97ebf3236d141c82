import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { digestOf } from '#lib/digest.ts';
import { shortId } from '#lib/ids.ts';
import { familiarReference, formatReference, isTag, type Reference, withDefaultTag } from '#lib/reference.ts';
import { parseName } from './catalog.ts';
import { applyChanges } from './changes.ts';
import type { ImagesContext, LongOperation } from './context.ts';
import { MEDIA, readConfig } from './manifest.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import { toStream } from './pull.ts';
import { makeRecord, publishImageEvent } from './record.ts';
import type { ImageConfig, ImageRecord } from './types.ts';

export type ImportRequest = {
  /** A root filesystem as tar, plain or compressed. */
  source: AsyncIterable<Uint8Array>;
  repository?: string;
  tag?: string;
  message?: string;
  /** Dockerfile instructions. */
  changes?: readonly string[];
  platform?: string;
};

/** A name and a tag that came apart, or undefined when the image gets none. Errors: `invalid_argument`. */
export function joinName(repository: string | undefined, tag: string | undefined): Reference | undefined {
  if (!repository) {
    if (tag) throw new EngineError('invalid_argument', 'invalid reference format');
    return undefined;
  }
  const reference = parseName(repository);
  if (reference.digest) throw new EngineError('invalid_argument', 'refusing to create a tag with a digest reference');
  if (!tag) return withDefaultTag(reference);
  if (!isTag(tag)) throw new EngineError('invalid_argument', 'invalid tag format');
  return { ...reference, tag };
}

export type BuiltImage = {
  /** The only layer, uncompressed. */
  layer: AsyncIterable<Uint8Array>;
  config: ImageConfig;
  created: string;
  comment: string;
  createdBy?: string;
  platform: { os: string; architecture: string; variant?: string };
};

/** Stores an image of one layer. It is kept from collection only inside `pin`'s life, until a name or `put` lists it. */
export async function storeSingleLayer(
  context: ImagesContext,
  image: BuiltImage,
  finish: (record: ImageRecord) => Promise<void>,
  signal?: AbortSignal,
): Promise<ImageRecord> {
  const pin = context.pins.begin();
  try {
    const blob = await context.content.stage(image.layer, { signal });
    await pin.hold(blob.digest);
    await blob.commit();
    const diffId = blob.digest;
    await context.layers.unpack({ chainId: diffId, diffId, blob: blob.digest, lowest: true }, { signal });
    const bytes = configBytes(image, diffId);
    const config = await context.content.stage(toStream(bytes));
    await pin.hold(config.digest);
    await config.commit();
    const record = makeRecord({
      id: digestOf(bytes),
      config: readConfig(bytes),
      layers: [{ digest: diffId, size: blob.size, mediaType: MEDIA.dockerLayer }],
      store: context.layers,
      now: context.now(),
    });
    await context.catalog.exclusively(async () => {
      await context.catalog.put(record);
      await finish(record);
    });
    // With the name that `finish` gave it.
    return context.catalog.byId(record.id) ?? record;
  } finally {
    pin.release();
    await context.catalog.exclusively(() => context.catalog.collect());
  }
}

function configBytes({ platform, created, comment, createdBy, config }: BuiltImage, diffId: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: platform.architecture,
      ...(platform.variant && { variant: platform.variant }),
      os: platform.os,
      created,
      ...(comment && { comment }),
      config,
      history: [{ created, ...(createdBy && { created_by: createdBy }), ...(comment && { comment }) }],
      rootfs: { type: 'layers', diff_ids: [diffId] },
    }),
  );
}

/** Makes an image of one layer from a root filesystem. Gives its id. Errors: `invalid_argument`. */
export async function importImage(
  context: ImagesContext,
  request: ImportRequest,
  operation: LongOperation = {},
): Promise<string> {
  // All that can be wrong with the words is found before the first byte is read.
  const reference = joinName(request.repository, request.tag);
  const config = applyChanges({}, request.changes ?? []);
  const platform = request.platform ? parsePlatform(request.platform) : hostPlatform();
  const tag = reference && formatReference(reference);
  const record = await storeSingleLayer(
    context,
    {
      layer: asArchiveError(context.decompress(request.source)),
      config,
      created: context.now(),
      comment: request.message || 'Imported from -',
      platform,
    },
    async ({ id }) => {
      if (tag) await context.catalog.setTag(id, tag, context.now());
    },
    operation.signal,
  );
  auditScope.object('image', record.id, reference ? familiarReference(reference) : shortId(record.id));
  publishImageEvent(context.events, 'import', record.id, record, reference ? familiarReference(reference) : record.id);
  return record.id;
}

async function* asArchiveError(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    if ((error as Error).name !== 'DecompressError') throw error;
    throw new EngineError('invalid_argument', (error as Error).message, { cause: error });
  }
}

/** Pieces that are in memory, as a stream. */
export async function* toBytes(pieces: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}
