import { type FSWatcher, fstatSync, readSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Encoder } from './encode.ts';
import { type LogFile, openNext } from './files.ts';

/** Large enough that a thread's turn costs nothing beside parsing, small enough that a slow client holds little. */
const BLOCK = 1024 * 1024;
/** What is held for the client beyond one block. */
const HIGH_WATER = 256 * 1024;
/** At the live end reads are small and the bytes are in the page cache: reading them at once saves a thread's turn. */
const LIVE_BLOCK = 64 * 1024;

export type LogSource = {
  path: string;
  /** Oldest first; the first one is read from `offset`. Closed by the stream. */
  files: LogFile[];
  offset: number;
  encoder: Encoder;
  /** Absent: ends at the end of the last file. */
  follow?: Follow;
};

/** Tells a follower when the writer is gone. */
export type Follow = {
  /** Calls back once no more will be written; what was written until then is still delivered. Returns the undo. */
  onEnd(listener: () => void): () => void;
};

/**
 * The log as a stream of what the encoder makes of it. The file is the buffer: a slow reader makes it read later, not
 * hold more. Following waits for inotify, never polls; it survives rotation and truncation, and ends when the writer
 * has ended and everything was read.
 */
export function logStream(source: LogSource): Readable {
  const reader = createReader(source);
  return new Readable({
    highWaterMark: HIGH_WATER,
    read() {
      reader.next().then(
        (chunk) => this.push(chunk),
        (error: Error) => this.destroy(error),
      );
    },
    destroy(error, done) {
      reader.close().then(
        () => done(error),
        (failure: Error) => done(error ?? failure),
      );
    },
  });
}

function createReader({ path, files, offset: start, encoder, follow }: LogSource) {
  const queue = [...files];
  let current: LogFile | null = queue.shift() ?? null;
  let offset = start;
  let live = false;
  let ended = follow === undefined;
  let closed = false;
  let busy: Promise<unknown> = Promise.resolve();
  /** Set by every notice; a wait only sleeps when nothing came since the last look. */
  let stirred = false;
  let wake: (() => void) | null = null;
  const stir = (): void => {
    stirred = true;
    wake?.();
  };

  // The directory is watched, not the file: its first appearance and a rotation show there too.
  let watcher: FSWatcher | null = null;
  const undo: (() => void)[] = [];
  if (follow !== undefined) {
    watcher = watch(dirname(path), { persistent: false }, stir);
    watcher.on('error', stir);
    undo.push(
      follow.onEnd(() => {
        ended = true;
        stir();
      }),
    );
  }

  const sleep = async (): Promise<void> => {
    if (!stirred) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
    }
    stirred = false;
  };

  /** The block after the one that is being sent, read meanwhile. */
  let ahead: { file: LogFile; at: number; block: Promise<Buffer> } | null = null;

  /** Two blocks take turns, what is live has its own: fresh ones for each read would keep the garbage collector busy. */
  const spare: Buffer[] = [];
  let liveBlock: Buffer | null = null;
  let inUse: Buffer | null = null;

  const readAhead = (file: LogFile, at: number): void => {
    const block = file.handle
      .read(spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK), 0, BLOCK, at)
      .then(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead));
    block.catch(() => undefined);
    ahead = { file, at, block };
  };

  const readLarge = async (file: LogFile): Promise<Buffer> => {
    // The encoder has taken what it needs from the block before.
    if (inUse !== null) spare.push(inUse);
    inUse = null;
    if (ahead?.file !== file || ahead.at !== offset) readAhead(file, offset);
    const block = await ahead?.block;
    ahead = null;
    if (block === undefined) return Buffer.alloc(0);
    if (block.length === BLOCK && !closed) readAhead(file, offset + block.length);
    if (block.length === BLOCK) inUse = block;
    return block;
  };

  const readLive = (file: LogFile): Buffer => {
    liveBlock ??= Buffer.allocUnsafeSlow(LIVE_BLOCK);
    return liveBlock.subarray(0, readSync(file.handle.fd, liveBlock, 0, LIVE_BLOCK, offset));
  };

  const readShort = (file: LogFile, size: number): Buffer => {
    const block = Buffer.allocUnsafeSlow(size);
    return block.subarray(0, readSync(file.handle.fd, block, 0, size, offset));
  };

  /** Bytes at the current place; null at the end of the file. */
  const readSome = async (file: LogFile): Promise<Buffer | null> => {
    const left = file.size - offset;
    const short = !live && left > 0 && left <= HIGH_WATER;
    const block = live ? readLive(file) : short ? readShort(file, left) : await readLarge(file);
    if (block.length === 0) return null;
    // Far behind: read in large blocks off the main thread again.
    live = live && block.length < LIVE_BLOCK;
    offset += block.length;
    return block;
  };

  /** Goes on to the next file. False when the current one is the newest. */
  const advance = async (): Promise<boolean> => {
    const next = queue.shift() ?? (follow === undefined ? null : await openNext(path, current?.ino ?? -1));
    if (next === null) return false;
    if (closed) {
      await next.handle.close();
      return false;
    }
    await current?.handle.close();
    current = next;
    offset = 0;
    encoder.cut();
    return true;
  };

  // The three looks below cost microseconds each and are only taken at the live end; awaiting them would cost more.
  const truncated = (file: LogFile): boolean => {
    if (offset === 0 || fstatSync(file.handle.fd).size >= offset) return false;
    offset = 0;
    encoder.cut();
    return true;
  };

  /** At the end of the current file: true when there may be more to read at once. */
  const atEnd = async (file: LogFile | null): Promise<boolean> => {
    if (queue.length > 0) return advance();
    if (follow === undefined) return false;
    if (file !== null && truncated(file)) return true;
    const newest = statSync(path, { throwIfNoEntry: false });
    if (newest === undefined || newest.ino === file?.ino) return false;
    // Rotated: the writer has the new file open, so the old one is complete; take what came since the last read.
    if (file !== null && fstatSync(file.handle.fd).size > offset) return true;
    return advance();
  };

  const pull = async (): Promise<Buffer | null> => {
    while (!closed && !encoder.done) {
      // Looked at before reading: what was written before the end is read after this line.
      const last = ended;
      stirred = false;
      const block = current === null ? null : await readSome(current);
      if (block !== null) {
        const out = encoder.push(block);
        if (out.length > 0) return out;
        continue;
      }
      if (await atEnd(current)) continue;
      if (last) return null;
      live = true;
      if (!ended) await sleep();
    }
    return null;
  };

  return {
    next(): Promise<Buffer | null> {
      const run = pull();
      busy = run.catch(() => undefined);
      return run;
    },
    async close(): Promise<void> {
      closed = true;
      watcher?.close();
      for (const each of undo) each();
      stir();
      await busy;
      await ahead?.block.catch(() => undefined);
      await Promise.all([current, ...queue].map((file) => file?.handle.close()));
      current = null;
    },
  };
}
