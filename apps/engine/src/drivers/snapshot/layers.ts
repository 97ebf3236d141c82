import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { LayerStore, UnpackRequest } from '#core/images/ports.ts';
import { hexOf } from '#lib/digest.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import { createSharedWork } from '#lib/shared-work.ts';
import { treeSize } from '#os/tree.ts';
import type { Trash } from './trash.ts';
import { createUnpacker } from './unpacker.ts';

/**
 * Unpacked layers: `<dataRoot>/layers/<n>` holds the files, `n` short because
 * up to 127 of these paths stand in one mount option. What makes a directory a
 * layer is its record in `layers/.index/<chain id>`, written when the files
 * are complete; a directory without record is what a killed engine left.
 */
type LayerRecord = { directory: string; diffId: string; size: number };

/** Bytes and entries of one layer. */
const LIMITS = { maxSize: 64 * 1024 ** 3, maxEntries: 2_000_000 };

export type Layers = LayerStore & {
  /** Directory below `layers/`. */
  directoryOf(chainId: string): string | undefined;
  /**
   * Makes a directory of this filesystem the unpacked layer: moves it, or throws it away when there is such a layer.
   * The caller has made its diff id of it, and nothing writes to it any more.
   */
  adopt(layer: { chainId: string; diffId: string }, source: string): Promise<void>;
  /** Removes what waited for its last container. */
  sweep(): Promise<void>;
  close(): Promise<void>;
};

async function writeDurably(directory: string, name: string, text: string): Promise<void> {
  const temp = join(directory, `.${name}.${randomBytes(4).toString('hex')}`);
  {
    await using handle = await open(temp, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(temp, join(directory, name));
  await using parent = await open(directory, 'r');
  await parent.sync();
}

async function loadIndex(index: string): Promise<Map<string, LayerRecord>> {
  const records = new Map<string, LayerRecord>();
  for (const name of await readdir(index)) {
    if (!/^[0-9a-f]{64}$/.test(name)) {
      await rm(join(index, name), { force: true });
      continue;
    }
    records.set(`sha256:${name}`, JSON.parse(await readFile(join(index, name), 'utf8')) as LayerRecord);
  }
  return records;
}

export async function createLayers(deps: {
  dataRoot: string;
  blobPath: (digest: string) => string;
  /** Whether a container stands on the layer. */
  isInUse: (chainId: string) => boolean;
  trash: Trash;
}): Promise<Layers> {
  const root = join(deps.dataRoot, 'layers');
  const index = join(root, '.index');
  await mkdir(index, { recursive: true, mode: 0o700 });
  const records = await loadIndex(index);
  const known = new Set([...records.values()].map((record) => record.directory));
  let next = 0;
  for (const name of await readdir(root)) {
    if (name === '.index') continue;
    const number = Number.parseInt(name, 36);
    if (Number.isSafeInteger(number)) next = Math.max(next, number + 1);
    if (!known.has(name)) await deps.trash.throwAway(join(root, name));
  }

  const exclusively = createKeyedMutex();
  const shared = createSharedWork<number, void>();
  const unpacker = createUnpacker();
  const orphans = new Set<string>();

  const unpackNew = async (
    request: UnpackRequest,
    options: { signal: AbortSignal; progress: (bytes: number) => void },
  ): Promise<void> => {
    const directory = (next++).toString(36);
    const target = join(root, directory);
    // The mode of the container's root directory until the archive says otherwise.
    await mkdir(target);
    await chmod(target, 0o755);
    try {
      const job = {
        blob: deps.blobPath(request.blob),
        blobDigest: request.blob,
        target,
        lowest: request.lowest,
        limits: LIMITS,
      };
      const { diffId, size } = await unpacker.unpack(job, options);
      if (diffId !== request.diffId) {
        throw new EngineError('invalid_argument', `layer has diff id ${diffId}, its image says ${request.diffId}`);
      }
      const record: LayerRecord = { directory, diffId, size };
      await writeDurably(index, hexOf(request.chainId), JSON.stringify(record));
      records.set(request.chainId, record);
    } catch (error) {
      await deps.trash.throwAway(target);
      throw error;
    }
  };

  const removeNow = (chainId: string): Promise<void> =>
    exclusively(chainId, async () => {
      const record = records.get(chainId);
      if (!record || deps.isInUse(chainId)) return;
      orphans.delete(chainId);
      records.delete(chainId);
      await rm(join(index, hexOf(chainId)), { force: true });
      await deps.trash.throwAway(join(root, record.directory));
    });

  return {
    size: (chainId) => records.get(chainId)?.size,
    list: () => [...records.keys()],
    directoryOf: (chainId) => records.get(chainId)?.directory,
    unpack: (request, options = {}) =>
      shared.join(
        request.chainId,
        ({ signal, tell }) =>
          exclusively(request.chainId, async () => {
            orphans.delete(request.chainId);
            const existing = records.get(request.chainId);
            if (!existing) return unpackNew(request, { signal, progress: tell });
            if (existing.diffId !== request.diffId) {
              throw new EngineError(
                'invalid_argument',
                `layer has diff id ${existing.diffId}, its image says ${request.diffId}`,
              );
            }
          }),
        { signal: options.signal, tell: options.progress },
      ),
    adopt: ({ chainId, diffId }, source) =>
      exclusively(chainId, async () => {
        orphans.delete(chainId);
        if (records.has(chainId)) return deps.trash.throwAway(source);
        const record: LayerRecord = { directory: (next++).toString(36), diffId, size: await treeSize(source) };
        await rename(source, join(root, record.directory));
        await writeDurably(index, hexOf(chainId), JSON.stringify(record));
        records.set(chainId, record);
      }),
    async remove(chainId) {
      if (!records.has(chainId)) return;
      if (deps.isInUse(chainId)) orphans.add(chainId);
      else await removeNow(chainId);
    },
    async sweep() {
      for (const chainId of orphans) if (!deps.isInUse(chainId)) await removeNow(chainId);
    },
    close: () => unpacker.close(),
  };
}
