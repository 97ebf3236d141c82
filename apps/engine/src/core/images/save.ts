import { Readable } from 'node:stream';
import { digestOf, hexOf } from '#lib/digest.ts';
import { familiarReference, formatReference, parseReference, withDefaultTag } from '#lib/reference.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import type { ImagesContext } from './context.ts';
import { MEDIA } from './manifest.ts';
import { isGzipLayer, publishImageEvent } from './record.ts';
import type { ImageRecord } from './types.ts';

type Selected = { record: ImageRecord; tags: string[] };

const blobPath = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;

/** Images in the order they were named first, each with the tags it was named by; by id or repository: all its tags there. */
function select(context: ImagesContext, names: readonly string[]): Selected[] {
  const selected = new Map<string, Selected>();
  for (const name of names) {
    const record = context.catalog.get(name);
    const entry = selected.get(record.id) ?? { record, tags: [] };
    selected.set(record.id, entry);
    if (context.catalog.isIdOf(record, name)) continue;
    const reference = withDefaultTag(parseReference(name));
    if (reference.digest) continue;
    const tag = formatReference(reference);
    if (!entry.tags.includes(tag)) entry.tags.push(tag);
  }
  return [...selected.values()];
}

/** A manifest of the OCI kind over the blobs as they are. */
function ociManifest(record: ImageRecord, configSize: number): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.ociManifest,
      config: { mediaType: MEDIA.ociConfig, digest: record.id, size: configSize },
      layers: record.layers.map(({ digest, size, mediaType }) => ({
        mediaType: `application/vnd.oci.image.layer.v1.tar${layerSuffix(mediaType)}`,
        digest,
        size,
      })),
    }),
  );
}

function layerSuffix(mediaType: string): string {
  if (isGzipLayer(mediaType)) return '+gzip';
  return mediaType.endsWith('zstd') ? '+zstd' : '';
}

/** File time inside the archive: the same image gives the same bytes. */
const secondsOf = (record: ImageRecord): number => Math.max(0, Math.trunc(Date.parse(record.created) / 1000) || 0);

const file = (name: string, data: Buffer, mtime: number): Buffer =>
  Buffer.concat([tarHeader({ name, size: data.length, mtime }), data, tarPadding(data.length)]);

async function* archive(context: ImagesContext, selected: readonly Selected[], manifests: ReadonlyMap<string, Buffer>) {
  const written = new Set<string>();
  yield tarHeader({ name: 'blobs', type: 'directory' });
  yield tarHeader({ name: 'blobs/sha256', type: 'directory' });
  for (const { record } of selected) {
    for (const digest of [record.id, ...record.layers.map((layer) => layer.digest)]) {
      if (written.has(digest)) continue;
      written.add(digest);
      const size = (await context.content.size(digest)) ?? 0;
      yield tarHeader({ name: blobPath(digest), size, mtime: secondsOf(record) });
      for await (const chunk of context.content.open(digest)) yield chunk as Buffer;
      yield tarPadding(size);
    }
    const manifest = manifests.get(record.id)!;
    const digest = digestOf(manifest);
    if (!written.has(digest)) yield file(blobPath(digest), manifest, secondsOf(record));
    written.add(digest);
  }
  yield file('index.json', indexOf(selected, manifests), 0);
  yield file('manifest.json', dockerManifest(selected), 0);
  yield file('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'), 0);
  yield tarEnd();
}

function indexOf(selected: readonly Selected[], manifests: ReadonlyMap<string, Buffer>): Buffer {
  const entries = selected.flatMap(({ record, tags }) => {
    const bytes = manifests.get(record.id)!;
    const descriptor = { mediaType: MEDIA.ociManifest, digest: digestOf(bytes), size: bytes.length };
    if (tags.length === 0) return [descriptor];
    return tags.map((tag) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': tag,
        'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1),
      },
    }));
  });
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: entries }));
}

function dockerManifest(selected: readonly Selected[]): Buffer {
  const images = selected.map(({ record, tags }) => ({
    Config: blobPath(record.id),
    RepoTags: tags.length === 0 ? null : tags.map((tag) => familiarReference(parseReference(tag))),
    Layers: record.layers.map((layer) => blobPath(layer.digest)),
  }));
  return Buffer.from(JSON.stringify(images));
}

/**
 * An archive with the images, which is a docker-archive (manifest.json) and an
 * OCI layout (index.json) at once; layers go out as they are stored. Errors
 * before the first byte: `not_found`. The images' content stays while the stream lives.
 */
export async function saveImages(context: ImagesContext, names: readonly string[]): Promise<Readable> {
  const selected = select(context, names);
  const pin = context.pins.begin();
  const manifests = new Map<string, Buffer>();
  try {
    for (const { record } of selected) {
      for (const digest of [record.id, ...record.layers.map((layer) => layer.digest)]) await pin.hold(digest);
      manifests.set(record.id, ociManifest(record, (await context.content.size(record.id)) ?? 0));
    }
  } catch (error) {
    pin.release();
    throw error;
  }
  for (const { record } of selected) publishImageEvent(context.events, 'save', record.id, record, record.id);
  const stream = Readable.from(archive(context, selected, manifests), {
    objectMode: false,
    highWaterMark: 1024 * 1024,
  });
  stream.once('close', () => pin.release());
  return stream;
}
