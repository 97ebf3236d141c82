import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { ContentStore, StagedBlob, StageOptions } from '#core/images/ports.ts';
import { createDigester, hexOf, isDigest } from '#lib/digest.ts';

/** Small writes are gathered to this many bytes. */
const WRITE_SIZE = 1024 * 1024;
const READ_SIZE = 512 * 1024;
const TEMP_PREFIX = 'blob-';

/** What a full or failing disk is called; anything else passes through. */
function diskError(error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EngineError('internal', 'no space left on device', { cause: error });
  }
  if (code === 'EIO' || code === 'EROFS')
    return new EngineError('internal', `cannot write content: ${code}`, { cause: error });
  return error;
}

/** Of a file or a directory. */
async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

/** Writes, counts and hashes until the source ends. */
async function drainInto(handle: FileHandle, source: AsyncIterable<Uint8Array>, options: StageOptions) {
  const digester = createDigester();
  const { maxSize = Number.POSITIVE_INFINITY } = options;
  let size = 0;
  let gathered: Uint8Array[] = [];
  let gatheredSize = 0;
  const flush = async () => {
    if (gatheredSize === 0) return;
    const pieces = gathered;
    gathered = [];
    gatheredSize = 0;
    for (let rest = pieces; rest.length > 0; rest = rest.slice(1024)) await writeAll(handle, rest.slice(0, 1024));
    options.progress?.(size);
  };
  for await (const chunk of source) {
    options.signal?.throwIfAborted();
    size += chunk.length;
    if (size > maxSize) throw new EngineError('too_large', `content is larger than ${maxSize} bytes`);
    digester.update(chunk);
    gathered.push(chunk);
    gatheredSize += chunk.length;
    if (gatheredSize >= WRITE_SIZE) await flush();
  }
  await flush();
  return { digest: digester.digest(), size };
}

async function writeAll(handle: FileHandle, pieces: Uint8Array[]): Promise<void> {
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { bytesWritten } = await handle.writev(pieces);
  if (bytesWritten === total) return;
  // A short write: near a full disk, or by a signal. The rest tells which.
  const rest = Buffer.concat(pieces, total).subarray(bytesWritten);
  for (let at = 0; at < rest.length; ) at += (await handle.write(rest, at)).bytesWritten;
}

/**
 * Blobs below `<dataRoot>/blobs/sha256`, temporary files below `<dataRoot>/tmp`.
 * Temporary files of an engine that died are removed here.
 */
export async function createContent(deps: {
  dataRoot: string;
}): Promise<ContentStore & { path(digest: string): string }> {
  const blobs = join(deps.dataRoot, 'blobs', 'sha256');
  const temp = join(deps.dataRoot, 'tmp');
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  await mkdir(temp, { recursive: true, mode: 0o700 });
  for (const name of await readdir(temp)) {
    if (name.startsWith(TEMP_PREFIX)) await rm(join(temp, name), { force: true });
  }

  const path = (digest: string): string => {
    if (!isDigest(digest))
      throw new EngineError('invalid_argument', `invalid digest ${JSON.stringify(digest).slice(0, 200)}`);
    return join(blobs, hexOf(digest));
  };

  const readUpTo = async (file: string, digest: string, maxSize: number): Promise<Buffer> => {
    await using handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') throw new EngineError('not_found', `content ${digest} not found`);
      throw error;
    });
    const { size } = await handle.stat();
    if (size > maxSize) throw new EngineError('too_large', `content ${digest} is larger than ${maxSize} bytes`);
    return await handle.readFile();
  };

  const stage = async (source: AsyncIterable<Uint8Array>, options: StageOptions = {}): Promise<StagedBlob> => {
    const file = join(temp, `${TEMP_PREFIX}${randomBytes(12).toString('hex')}`);
    let written: { digest: string; size: number };
    try {
      await using handle = await open(file, 'wx', 0o600);
      written = await drainInto(handle, source, options);
    } catch (error) {
      await rm(file, { force: true });
      throw diskError(error);
    }
    let state: 'staged' | 'committed' | 'discarded' = 'staged';
    let committing: Promise<void> | undefined;
    const publish = async () => {
      try {
        await sync(file);
        await rename(file, path(written.digest));
        state = 'committed';
        await sync(blobs);
      } catch (error) {
        throw diskError(error);
      }
    };
    return {
      ...written,
      commit() {
        if (state === 'discarded') throw new EngineError('internal', 'a discarded blob cannot be committed');
        committing ??= publish();
        return committing;
      },
      async discard() {
        await committing?.catch(() => undefined);
        if (state !== 'staged') return;
        state = 'discarded';
        await rm(file, { force: true });
      },
      read: (maxSize) => readUpTo(state === 'committed' ? path(written.digest) : file, written.digest, maxSize),
    };
  };

  return {
    path,
    stage,
    async size(digest) {
      try {
        return (await stat(path(digest))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    read: (digest, maxSize) => readUpTo(path(digest), digest, maxSize),
    open: (digest, options = {}) =>
      createReadStream(path(digest), { highWaterMark: READ_SIZE, start: options.start ?? 0 }),
    delete: (digest) => rm(path(digest), { force: true }),
    list: async () =>
      (await readdir(blobs)).filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => `sha256:${name}`),
  };
}
