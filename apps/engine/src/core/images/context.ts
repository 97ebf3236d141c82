import type { EventBus } from '#core/events/events.ts';
import type { Builds } from './assemble.ts';
import type { Catalog } from './catalog.ts';
import type { PinBoard } from './pins.ts';
import type { ContentStore, Decompress, LayerStore, Registry } from './ports.ts';

/** A container that stands on an image. */
export type ImageUser = { id: string; running: boolean };

/** What the verbs of this noun share. */
export type ImagesContext = {
  catalog: Catalog;
  content: ContentStore;
  layers: LayerStore;
  registry: Registry;
  pins: PinBoard;
  builds: Builds;
  decompress: Decompress;
  events: EventBus;
  usersOf: (imageId: string) => ImageUser[];
  /** RFC 3339 with nanoseconds. */
  now: () => string;
};

/**
 * A step of a transfer, in Docker's words. `id` is the layer or tag the step is
 * about; `current` and `total` are bytes.
 */
export type TransferProgress = { status: string; id?: string; current?: number; total?: number };
export type Tell = (message: TransferProgress) => void;

export type LongOperation = { signal?: AbortSignal; progress?: Tell };
