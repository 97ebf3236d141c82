import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { StreamStarts } from './encode.ts';
import { createStampReader, MAX_ENTRY, newHead, readHead, type StreamKind } from './entry.ts';

const BLOCK = 256 * 1024;
/** How far back the beginning of an already counted line is looked for among entries of the other stream. */
const REACH = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

export type TailOptions = { stdout: boolean; stderr: boolean; until: bigint | null };

/** State of one stream while walking backwards. */
type Side = {
  /** Offset where reading begins for the stream; Infinity until a line of it is counted. */
  start: number;
  /** A counted line is still missing its beginning. */
  open: boolean;
  /** Newest entry of the stream was seen. */
  seen: boolean;
  /** No more of the stream belongs to the tail. */
  closed: boolean;
};

export type TailCounter = {
  /** Entries newest first. False when nothing older can matter. */
  entry(block: Buffer, at: number, end: number, offset: number): boolean;
  readonly starts: StreamStarts;
  readonly counted: number;
};

/**
 * Counts whole lines backwards over both streams: the P entries of a line are one line with its F entry, and each
 * stream gets the offset its part of the tail begins at, because the lines of the two may be interleaved.
 */
export function createTailCounter(lines: number, size: number, options: TailOptions): TailCounter {
  const head = newHead();
  const stampOf = createStampReader();
  const side = (): Side => ({ start: Number.POSITIVE_INFINITY, open: false, seen: false, closed: false });
  const sides: Record<StreamKind, Side> = { 1: side(), 2: side() };
  if (!options.stdout) sides[1].closed = true;
  if (!options.stderr) sides[2].closed = true;
  let counted = 0;
  let fullAt = -1;

  /** The entry belongs to a line not counted yet: count it, or close the stream. */
  const nextLine = (state: Side, offset: number): void => {
    if (counted >= lines) {
      state.closed = true;
      state.open = false;
      return;
    }
    counted += 1;
    if (counted === lines) fullAt = offset;
    state.open = true;
    state.start = offset;
  };

  const take = (offset: number): void => {
    const state = sides[head.stream];
    if (state.closed) return;
    if (head.full || !state.seen) nextLine(state, offset);
    else if (state.open) state.start = offset;
    state.seen = true;
  };

  return {
    entry(block, at, end, offset) {
      if (lines === 0) return false;
      if (!readHead(block, at, end, head)) return true;
      if (options.until !== null && stampOf(block, at, head.stampLength) > options.until) return true;
      take(offset);
      if (counted < lines) return true;
      const pending = [sides[1], sides[2]].some((state) => state.open && !state.closed);
      return pending && fullAt - offset < REACH;
    },
    get starts() {
      const of = (state: Side): number => (state.start === Number.POSITIVE_INFINITY ? size : state.start);
      return { 1: of(sides[1]), 2: of(sides[2]) };
    },
    get counted() {
      return counted;
    },
  };
}

/**
 * Reads a log backwards by blocks until `counter` has enough.
 * @returns true when it has, false when the beginning of the file was reached.
 */
export async function walkBack(file: FileHandle, size: number, counter: TailCounter): Promise<boolean> {
  let upTo = size;
  let rest: Buffer = Buffer.alloc(0);
  let torn = true;
  while (upTo > 0) {
    const from = Math.max(0, upTo - BLOCK);
    // What was written last is in the page cache: waiting for a thread would take longer than reading it.
    const fresh = await readExactly(file, from, upTo - from, upTo === size);
    let block = rest.length === 0 ? fresh : Buffer.concat([fresh, rest]);
    if (torn) {
      // What follows the last newline is an entry still being written.
      const last = block.lastIndexOf(NEWLINE);
      block = block.subarray(0, last + 1);
      torn = last < 0;
    }
    let end = block.length - 1;
    while (end > 0) {
      const before = block.lastIndexOf(NEWLINE, end - 1);
      if (before < 0 && from > 0) break;
      if (!counter.entry(block, before + 1, end, from + before + 1)) return true;
      end = before;
    }
    rest = end >= 0 ? block.subarray(0, end + 1) : Buffer.alloc(0);
    if (rest.length > MAX_ENTRY) rest = Buffer.from([NEWLINE]);
    upTo = from;
  }
  return false;
}

async function readExactly(file: FileHandle, position: number, length: number, now: boolean): Promise<Buffer> {
  const block = Buffer.allocUnsafeSlow(length);
  let filled = now ? readSync(file.fd, block, 0, length, position) : 0;
  while (filled < length) {
    const { bytesRead } = await file.read(block, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return block.subarray(0, filled);
}
