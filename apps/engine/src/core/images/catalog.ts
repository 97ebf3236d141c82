import { EngineError } from '#core/errors.ts';
import { shortId } from '#lib/ids.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import {
  familiarReference,
  formatReference,
  InvalidReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from '#lib/reference.ts';
import type { PinBoard } from './pins.ts';
import type { ContentStore, ImageStore, LayerStore } from './ports.ts';
import type { ImageLookup, ImageRecord } from './types.ts';

/**
 * The images there are, and their names: every record in memory, every change
 * first in the store. Changes come one after the other, so that a name belongs
 * to one image and a blob is collected only when no image names it.
 */
export type Catalog = ImageLookup & {
  all(): ImageRecord[];
  find(reference: string): ImageRecord | undefined;
  /** Sync form of resolve, throwing the same. */
  get(reference: string): ImageRecord;
  /** Whether the text names an image by its id rather than by a name. */
  isIdOf(record: ImageRecord, text: string): boolean;
  /** Runs a change alone. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Inserts an image or merges its names into the one that is there. Inside `exclusively`. */
  put(record: ImageRecord): Promise<ImageRecord>;
  /** Gives the tag to this image, taking it from another. Inside `exclusively`. */
  setTag(id: string, tag: string, now: string): Promise<void>;
  /** Inside `exclusively`. */
  update(record: ImageRecord): Promise<void>;
  /** Removes the record, then what only it needed. Gives the chain ids that went, topmost first. Inside `exclusively`. */
  drop(id: string): Promise<string[]>;
  /** Removes blobs and layers that no image names. */
  collect(): Promise<void>;
};

/** A typed name; bad ones are `invalid_argument`. */
export function parseName(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof InvalidReference) throw new EngineError('invalid_argument', error.message, { cause: error });
    throw error;
  }
}

/** Digests of everything an image keeps alive in the content store. */
const blobsOf = (record: ImageRecord): string[] => [
  record.id,
  ...(record.manifestDigest ? [record.manifestDigest] : []),
  ...record.layers.map((layer) => layer.digest),
];

export async function createCatalog(deps: {
  store: ImageStore;
  content: ContentStore;
  layers: LayerStore;
  pins: PinBoard;
}): Promise<Catalog> {
  const { store, content, layers, pins } = deps;
  const records = new Map<string, ImageRecord>();
  const mutex = createKeyedMutex();

  const keep = (record: ImageRecord): void => {
    records.set(record.id, record);
  };
  const holderOf = (tag: string): ImageRecord | undefined => {
    for (const record of records.values()) if (record.repoTags.includes(tag)) return record;
    return undefined;
  };

  for (const record of await store.load()) keep(record);
  // A tag moves in two steps, the new owner first: an engine that died between them left it with both.
  for (const tag of new Set([...records.values()].flatMap((record) => record.repoTags))) {
    const holders = [...records.values()].filter((record) => record.repoTags.includes(tag));
    holders.sort((a, b) => (a.lastTagTime < b.lastTagTime ? 1 : -1));
    for (const record of holders.slice(1)) {
      const changed = { ...record, repoTags: record.repoTags.filter((one) => one !== tag) };
      await store.update(changed);
      keep(changed);
    }
  }

  const byIdPrefix = (text: string): ImageRecord | undefined => {
    const hex = text.replace(/^sha256:/, '');
    if (!/^[0-9a-f]{1,64}$/.test(hex)) return undefined;
    const exact = records.get(`sha256:${hex}`);
    if (exact) return exact;
    const matches = [...records.values()].filter((record) => record.id.startsWith(`sha256:${hex}`));
    if (matches.length > 1)
      throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${hex}`);
    return matches[0];
  };

  const byName = (text: string): ImageRecord | undefined => {
    let reference: Reference;
    try {
      reference = withDefaultTag(parseReference(text));
    } catch (error) {
      if (error instanceof InvalidReference) return undefined;
      throw error;
    }
    // With a digest the tag is only decoration.
    const full = formatReference(reference.digest ? { ...reference, tag: undefined } : reference);
    for (const record of records.values()) {
      if (reference.digest ? record.repoDigests.includes(full) : record.repoTags.includes(full)) return record;
    }
    return undefined;
  };

  const find = (text: string): ImageRecord | undefined => byName(text) ?? byIdPrefix(text);

  const notFound = (text: string): EngineError => {
    let shown = text;
    try {
      const reference = parseReference(text);
      if (!/^(sha256:)?[0-9a-f]{64}$/.test(text)) shown = familiarReference(withDefaultTag(reference));
    } catch (error) {
      if (!(error instanceof InvalidReference)) throw error;
      if (!/^[0-9a-f]{64}$/.test(text) && !text.startsWith('sha256:')) {
        return new EngineError('invalid_argument', error.message, { cause: error });
      }
    }
    return new EngineError('not_found', `No such image: ${shown.slice(0, 300)}`);
  };

  const get = (text: string): ImageRecord => {
    const record = find(text);
    if (!record) throw notFound(text);
    return record;
  };

  const update = async (record: ImageRecord): Promise<void> => {
    await store.update(record);
    keep(record);
  };

  const collect = async (): Promise<void> => {
    const blobs = new Set<string>();
    const chains = new Set<string>();
    for (const record of records.values()) {
      for (const digest of blobsOf(record)) blobs.add(digest);
      for (const chain of record.chainIds) chains.add(chain);
    }
    for (const chain of layers.list()) if (!chains.has(chain)) await pins.collect(chain, () => layers.remove(chain));
    for (const digest of await content.list()) {
      if (!blobs.has(digest)) await pins.collect(digest, () => content.delete(digest));
    }
  };

  return {
    all: () => [...records.values()],
    find,
    get,
    resolve: async (text) => get(text),
    byId: (id) => records.get(id),
    familiarName(id) {
      const tag = records.get(id)?.repoTags[0];
      return tag === undefined ? id : familiarReference(parseReference(tag));
    },
    isIdOf(record, text) {
      const hex = text.replace(/^sha256:/, '');
      return record.id.startsWith(`sha256:${hex}`) && byName(text)?.id !== record.id;
    },
    exclusively: (work) => mutex('catalog', work),
    async put(record) {
      const existing = records.get(record.id);
      if (!existing) {
        await store.insert(record);
        keep(record);
        return record;
      }
      const merged: ImageRecord = {
        ...existing,
        repoDigests: [...new Set([...existing.repoDigests, ...record.repoDigests])],
        // A manifest describes blobs as a registry has them: they come together.
        ...(record.manifestDigest && !existing.manifestDigest
          ? { manifestDigest: record.manifestDigest, layers: record.layers }
          : {}),
      };
      await update(merged);
      return merged;
    },
    async setTag(id, tag, now) {
      const before = holderOf(tag);
      const record = records.get(id);
      if (!record) throw new EngineError('not_found', `No such image: ${shortId(id)}`);
      if (before?.id === id) return;
      await update({ ...record, repoTags: [...record.repoTags, tag], lastTagTime: now });
      if (before) await update({ ...before, repoTags: before.repoTags.filter((one) => one !== tag) });
    },
    update,
    async drop(id) {
      const record = records.get(id);
      if (!record) return [];
      await store.delete(id);
      records.delete(id);
      const others = new Set([...records.values()].flatMap((one) => one.chainIds));
      await collect();
      return record.chainIds.filter((chain) => !others.has(chain)).reverse();
    },
    collect,
  };
}
