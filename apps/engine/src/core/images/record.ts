import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import { chainIdsOf } from '#lib/digest.ts';
import type { ConfigFile } from './manifest.ts';
import type { LayerStore } from './ports.ts';
import type { ImageRecord } from './types.ts';

/** An image whose layers are unpacked, ready for the catalog; without names. */
export function makeRecord(parts: {
  id: string;
  config: ConfigFile;
  layers: ImageRecord['layers'];
  manifestDigest?: string;
  store: LayerStore;
  now: string;
}): ImageRecord {
  const { id, config, layers, store } = parts;
  const chainIds = chainIdsOf(config.diffIds);
  let size = 0;
  for (const chain of chainIds) {
    const one = store.size(chain);
    if (one === undefined) throw new EngineError('internal', `layer ${chain} is not unpacked`);
    size += one;
  }
  return {
    id,
    config: config.config,
    architecture: config.architecture,
    ...(config.variant && { variant: config.variant }),
    os: config.os,
    created: config.created,
    author: config.author,
    comment: config.comment,
    dockerVersion: config.dockerVersion,
    diffIds: config.diffIds,
    history: config.history,
    chainIds,
    size,
    repoDigests: [],
    repoTags: [],
    layers,
    manifestDigest: parts.manifestDigest ?? '',
    lastTagTime: parts.now,
    parent: config.parent,
  };
}

/** Docker's image events carry the image's labels, and `name` when a name was used. */
export function publishImageEvent(
  events: EventBus,
  action: string,
  id: string,
  record: Pick<ImageRecord, 'config'> | undefined,
  name?: string,
): void {
  events.publish({
    type: 'image',
    action,
    id,
    attributes: { ...record?.config.Labels, ...(name !== undefined && { name }) },
  });
}

/** The media type of a layer's blob by its compression, for manifests. */
export const isGzipLayer = (mediaType: string): boolean => /gzip$/.test(mediaType);
