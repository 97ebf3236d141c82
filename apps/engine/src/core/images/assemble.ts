import { EngineError } from '#core/errors.ts';
import { chainIdsOf, digestOf } from '#lib/digest.ts';
import { familiarReference, formatReference, type Reference } from '#lib/reference.ts';
import type { ImagesContext } from './context.ts';
import { LAYER_LIMIT, MEDIA, readConfig } from './manifest.ts';
import { toStream } from './pull.ts';
import { makeRecord, publishImageEvent } from './record.ts';
import type { ImageConfig, ImageHistory, ImageRecord } from './types.ts';

export type NewLayer = {
  diffId: string;
  /** Where it stands above the image it was made for. */
  chainId: string;
  descriptor: ImageRecord['layers'][number];
};

export type NewImage = {
  /** Undefined above nothing. */
  parent: ImageRecord | undefined;
  /** Undefined when only the config changes. */
  layer: NewLayer | undefined;
  config: ImageConfig;
  history: Omit<ImageHistory, 'empty_layer'>;
  author: string;
  created: string;
  platform: { os: string; architecture: string; variant?: string };
  /** What a later build looks for; see ImageRecord. */
  buildKey: string;
};

/**
 * Makes images one on the other, as a build does. What it has made or stands on
 * is kept from collection until `end`.
 */
export type Assembly = {
  /** Keeps an image's layers and blobs, also when the image is removed meanwhile. */
  hold(image: ImageRecord): Promise<void>;
  /**
   * Stores a layer's tar, which comes uncompressed. `unpacked` is called when it is stored, to bring the files
   * themselves; without it they are unpacked from the tar.
   */
  addLayer(
    parent: ImageRecord | undefined,
    tar: AsyncIterable<Uint8Array>,
    options: { signal: AbortSignal; unpacked?: (layer: NewLayer) => Promise<void> },
  ): Promise<NewLayer>;
  /** Errors: `invalid_argument` for too many layers. */
  commit(image: NewImage): Promise<ImageRecord>;
  tag(image: ImageRecord, reference: Reference): Promise<void>;
  end(): Promise<void>;
};

/** A tar without an entry. */
const EMPTY_LAYER = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';
export const isEmptyLayer = ({ diffId }: Pick<NewLayer, 'diffId'>): boolean => diffId === EMPTY_LAYER;

export function beginAssembly(context: ImagesContext): Assembly {
  const { catalog, content, layers, events } = context;
  const pin = context.pins.begin();

  return {
    async hold(image) {
      context.builds.hold(image.id, pin);
      for (const { digest } of image.layers) await pin.hold(digest);
      for (const chain of image.chainIds) await pin.hold(chain);
      await pin.hold(image.id);
    },
    async addLayer(parent, tar, { signal, unpacked }) {
      const blob = await content.stage(tar, { signal });
      const diffIds = [...(parent?.diffIds ?? []), blob.digest];
      const layer: NewLayer = {
        diffId: blob.digest,
        chainId: chainIdsOf(diffIds).at(-1)!,
        descriptor: { digest: blob.digest, size: blob.size, mediaType: MEDIA.dockerLayer },
      };
      if (isEmptyLayer(layer)) {
        await blob.discard();
        return layer;
      }
      await pin.hold(blob.digest);
      await pin.hold(layer.chainId);
      await blob.commit();
      if (unpacked && layers.size(layer.chainId) === undefined) await unpacked(layer);
      const request = {
        chainId: layer.chainId,
        diffId: layer.diffId,
        blob: blob.digest,
        lowest: !parent?.diffIds.length,
      };
      await layers.unpack(request, { signal });
      return layer;
    },
    async commit(image) {
      const bytes = configBytes(image);
      const config = readConfig(bytes);
      if (config.diffIds.length > LAYER_LIMIT) throw new EngineError('invalid_argument', 'max depth exceeded');
      const id = digestOf(bytes);
      await pin.hold(id);
      const blob = await content.stage(toStream(bytes));
      await blob.commit();
      const record: ImageRecord = {
        ...makeRecord({
          id,
          config,
          layers: [...(image.parent?.layers ?? []), ...(image.layer ? [image.layer.descriptor] : [])],
          store: layers,
          now: context.now(),
        }),
        parent: image.parent?.id ?? '',
        buildKey: image.buildKey,
      };
      context.builds.hold(id, pin);
      return catalog.exclusively(() => catalog.put(record));
    },
    async tag(image, reference) {
      await catalog.exclusively(() => catalog.setTag(image.id, formatReference(reference), context.now()));
      publishImageEvent(events, 'tag', image.id, image, familiarReference(reference));
    },
    async end() {
      pin.release();
      context.builds.release(pin);
      await catalog.exclusively(() => catalog.collect());
    },
  };
}

function configBytes({ parent, layer, config, history, author, created, platform }: NewImage): Buffer {
  return Buffer.from(
    JSON.stringify({
      architecture: platform.architecture,
      ...(platform.variant && { variant: platform.variant }),
      os: platform.os,
      created,
      ...(author && { author }),
      config,
      history: [...(parent?.history ?? []), { created, ...history, ...(!layer && { empty_layer: true }) }],
      rootfs: { type: 'layers', diff_ids: [...(parent?.diffIds ?? []), ...(layer ? [layer.diffId] : [])] },
    }),
  );
}

/** Images that builds under way stand on: a prune leaves them. */
export type Builds = {
  hold(imageId: string, owner: object): void;
  release(owner: object): void;
  isHeld(imageId: string): boolean;
};

export function createBuilds(): Builds {
  const held = new Map<object, Set<string>>();
  return {
    hold(imageId, owner) {
      const own = held.get(owner) ?? new Set();
      held.set(owner, own.add(imageId));
    },
    release: (owner) => void held.delete(owner),
    isHeld: (imageId) => [...held.values()].some((own) => own.has(imageId)),
  };
}
