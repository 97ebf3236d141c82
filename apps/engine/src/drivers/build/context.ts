import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '#core/errors.ts';
import { readInRoot } from '#os/rootfile.ts';
import type { Memo } from './memo.ts';
import type { BuildThread } from './thread.ts';

/** Bytes of a context as sent. */
const CONTEXT_LIMIT = 32 * 1024 ** 3;
/** Bytes of a file that is remembered: Dockerfiles are small. */
const REMEMBERED_FILE = 256 * 1024;

/**
 * The context of one build. An archive that was unpacked before is not unpacked
 * again until somebody wants its files: a build that comes from the cache only
 * asks what was asked before.
 */
export type Context = {
  readonly root: string;
  receive(source: AsyncIterable<Uint8Array>, options: { signal: AbortSignal }): Promise<void>;
  receiveFile(archive: string, options: { signal: AbortSignal }): Promise<void>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  read(path: string, maxBytes: number): Promise<Buffer | null>;
  exclude(lines: readonly string[]): Promise<void>;
  /** The files are there. */
  ready(options?: { signal: AbortSignal }): Promise<void>;
  /** What names its content for good; undefined when nothing does. */
  identity(): readonly unknown[] | undefined;
};

export async function createContext(deps: { directory: string; thread: BuildThread; memo: Memo }): Promise<Context> {
  const { directory, thread, memo } = deps;
  const root = join(directory, 'context');
  const archive = join(directory, 'context.tar');
  await mkdir(root, { recursive: true, mode: 0o700 });
  // `COPY . /app` gives its mode to what it makes; the way to it stays closed.
  await chmod(root, 0o755);
  let digest: string | undefined;
  let excluded: readonly string[] = [];
  let unpacking: Promise<void> | undefined = Promise.resolve();

  const unpack = async (signal?: AbortSignal): Promise<void> => {
    await thread.run({ kind: 'receive', archive, target: root }, { signal });
    await rm(archive);
    if (excluded.length > 0) await thread.run({ kind: 'exclude', root, lines: excluded }, { signal });
  };
  const ready = async (options?: { signal: AbortSignal }): Promise<void> => {
    unpacking ??= unpack(options?.signal);
    await unpacking;
  };
  const identity = () => (digest === undefined ? undefined : ['context', digest, excluded]);

  return {
    root,
    ready,
    identity,
    async receive(source, { signal }) {
      const hash = createHash('sha256');
      await pipeline(hashed(source, hash), createWriteStream(archive, { mode: 0o600 }), { signal });
      digest = hash.digest('hex');
      unpacking = undefined;
      const known = ['unpacked', digest];
      // The first time it is looked at before anything is said: it may be damaged.
      if (!memo.has(known)) await memo.ask(known, () => ready({ signal }));
    },
    async receiveFile(file, { signal }) {
      await thread.run({ kind: 'receive', archive: file, target: root }, { signal });
    },
    async put(name, bytes) {
      await writeFile(join(root, name), bytes);
      await chmod(join(root, name), 0o644);
    },
    async read(path, maxBytes) {
      const now = async () => {
        await ready();
        return readRegular(root, path, maxBytes);
      };
      const known = identity();
      if (!known) return now();
      return memo.ask([...known, 'read', path], now, (bytes) => (bytes?.length ?? 0) <= REMEMBERED_FILE);
    },
    async exclude(lines) {
      const isUnpacked = unpacking !== undefined;
      excluded = lines;
      if (isUnpacked) await thread.run({ kind: 'exclude', root, lines });
    },
  };
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > CONTEXT_LIMIT) throw new EngineError('too_large', `the context is larger than ${CONTEXT_LIMIT} bytes`);
    hash.update(chunk);
    yield chunk;
  }
}

export function readRegular(root: string, path: string, maxBytes: number): Buffer | null {
  try {
    return readInRoot(root, path, maxBytes);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = error.message.replace('of the container', 'of the build context');
    throw new EngineError(error.code, message, { cause: error });
  }
}
