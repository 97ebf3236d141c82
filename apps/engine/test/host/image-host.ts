import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEventBus, type EngineEvent } from '#core/events/events.ts';
import type { ImageUser } from '#core/images/context.ts';
import { createImages, type Images } from '#core/images/images.ts';
import type { ContentStore, ImageStore } from '#core/images/ports.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { createContent } from '#drivers/content/content.ts';
import { createRegistry } from '#drivers/registry/registry.ts';
import { createSnapshots, type Snapshots } from '#drivers/snapshot/snapshots.ts';
import { formatNano, nowNano } from '#lib/time.ts';
import { decompress } from '#os/decompress.ts';

/** The images of an engine below a directory of its own, with everything real but the database. */
export type ImageHost = AsyncDisposable & {
  root: string;
  images: Images;
  content: ContentStore & { path(digest: string): string };
  snapshots: Snapshots;
  events: EngineEvent[];
  /** Rows of the store. */
  rows: Map<string, ImageRecord>;
  /** Containers by image id. */
  users: Map<string, ImageUser[]>;
  /** Stops it and leaves its data root. */
  close(): Promise<void>;
  /** A new engine over the same data root and rows, as after a restart. */
  restart(): Promise<ImageHost>;
};

function memoryStore(rows: Map<string, ImageRecord>): ImageStore {
  const keep = async (record: ImageRecord) => {
    rows.set(record.id, structuredClone(record));
  };
  return {
    load: async () => structuredClone([...rows.values()]),
    insert: keep,
    update: keep,
    delete: async (id) => {
      rows.delete(id);
    },
  };
}

export async function createImageHost(root?: string, rows = new Map<string, ImageRecord>()): Promise<ImageHost> {
  const base = root ?? (await mkdtemp(join(tmpdir(), 'gantry-images-')));
  const dataRoot = join(base, 'data');
  // Apart from the data root, as on a real host, and short.
  const runDir = await mkdtemp(join(tmpdir(), 'gantry-run-'));
  const events: EngineEvent[] = [];
  const users = new Map<string, ImageUser[]>();
  const onError = (error: unknown) => {
    throw error;
  };
  const bus = createEventBus({
    store: { append: (event) => void events.push(event), range: async () => events },
    now: nowNano,
    onListenerError: onError,
  });
  const content = await createContent({ dataRoot });
  let images: Images | undefined;
  const snapshots = await createSnapshots({
    dataRoot,
    runDir,
    blobPath: content.path,
    chainsOf: (id) => images?.byId(id)?.chainIds,
    onError,
  });
  const registry = createRegistry();
  images = await createImages({
    store: memoryStore(rows),
    content,
    layers: snapshots.layers,
    registry,
    decompress,
    events: bus,
    containersUsing: (id) => users.get(id) ?? [],
    now: () => formatNano(nowNano()),
  });
  const close = async () => {
    registry.close();
    await snapshots.close();
    await snapshots.settled();
    await rm(runDir, { recursive: true, force: true });
  };
  return {
    root: base,
    images,
    content,
    snapshots,
    events,
    rows,
    users,
    close,
    async restart() {
      await close();
      return createImageHost(base, rows);
    },
    async [Symbol.asyncDispose]() {
      await close();
      await rm(base, { recursive: true, force: true });
    },
  };
}
