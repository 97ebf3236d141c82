import { formatNano } from '#lib/time.ts';
import { createStampReader, type EntryHead, isUtc, MAX_ENTRY, newHead, readHead, type StreamKind } from './entry.ts';

export type EncodeOptions = {
  stdout: boolean;
  stderr: boolean;
  /** 8-byte frames (no terminal) or the bare bytes. */
  framed: boolean;
  /** Each line begins with its time: RFC 3339, nine fractional digits, Z, and a space. Then one frame per entry. */
  timestamps: boolean;
  /** Written before each line, after the time: `key=value,… `; null without details. */
  details: string | null;
  /** Nanoseconds; entries before are left out, the first entry after `until` ends the stream. */
  since: bigint | null;
  until: bigint | null;
};

/** Entries of a stream that begin before its offset are left out; made by `findTail`. */
export type StreamStarts = { readonly 1: number; readonly 2: number };

export type Encoder = {
  /** Takes the next bytes of the log, gives what they are for the client. The result is fresh memory; the block is free again. */
  push(block: Buffer): Buffer;
  /** The entry after `until` was seen: nothing more will come. */
  readonly done: boolean;
  /** Forgets an unfinished entry: the next bytes are of another file. */
  cut(): void;
};

/** A client reads a frame whole; one of more than this helps nobody. */
const MAX_FRAME = 256 * 1024;
const NEWLINE = 0x0a;
/** Below this a loop is faster than a call into C++. */
const SHORT = 24;

/**
 * Log entries → Docker's stream. Bytes come out exactly as the container wrote them: the newline of an F entry is
 * kept, that of a P entry was never there. Works on whole blocks and never makes a string of a line.
 *
 * Without time stamps entries of the same stream that follow one another share a frame; with them each entry has its
 * own, because viewers take a frame with a time for one line.
 */
export function createEncoder(options: EncodeOptions, starts?: StreamStarts, offset = 0): Encoder {
  const stampOf = createStampReader();
  const head = newHead();
  const prefix = options.details === null ? null : Buffer.from(options.details);
  /** Per stream: the next entry begins a line. */
  const lineStart = { 1: true, 2: true };
  let carry: Buffer | null = null;
  let position = offset;
  let done = false;
  /** An overlong "entry" is being skipped up to its newline. */
  let skipping = false;

  const wanted = (block: Buffer, at: number): boolean => {
    if (head.stream === 1 ? !options.stdout : !options.stderr) return false;
    if (starts !== undefined && position + at < starts[head.stream]) return false;
    if (options.since === null && options.until === null) return true;
    const time = stampOf(block, at, head.stampLength);
    if (options.until !== null && time > options.until) {
      done = true;
      return false;
    }
    return options.since === null || time >= options.since;
  };

  const output = createOutput(options, prefix, stampOf);

  const encode = (block: Buffer): number => {
    let at = 0;
    while (!done) {
      const end = block.indexOf(NEWLINE, at);
      if (end < 0) break;
      if (skipping) skipping = false;
      else if (readHead(block, at, end, head) && wanted(block, at)) {
        output.entry(block, at, head, end, lineStart[head.stream]);
        lineStart[head.stream] = head.full;
      }
      at = end + 1;
    }
    return at;
  };

  /** The entry that began in the last block ends in this one: only it is put together. Gives what follows it. */
  const finishCarried = (begun: Buffer, chunk: Buffer): Buffer => {
    const newline = chunk.indexOf(NEWLINE);
    carry = null;
    if (newline < 0) return Buffer.concat([begun, chunk]);
    position += encode(Buffer.concat([begun, chunk.subarray(0, newline + 1)]));
    return chunk.subarray(newline + 1);
  };

  const keepRest = (rest: Buffer): void => {
    if (rest.length > MAX_ENTRY) {
      skipping = true;
      position += rest.length;
    } else carry = Buffer.from(rest);
  };

  return {
    push(chunk) {
      if (done) return EMPTY;
      output.begin(chunk.length + (carry?.length ?? 0));
      const rest = carry === null ? chunk : finishCarried(carry, chunk);
      const used = done ? 0 : encode(rest);
      position += used;
      if (used < rest.length && !done) keepRest(rest.subarray(used));
      return output.take();
    },
    get done() {
      return done;
    },
    cut() {
      position += carry?.length ?? 0;
      carry = null;
      skipping = false;
    },
  };
}

const EMPTY = Buffer.alloc(0);

/** The bytes for the client of one block. */
function createOutput(options: EncodeOptions, prefix: Buffer | null, stampOf: ReturnType<typeof createStampReader>) {
  let out = EMPTY;
  let length = 0;
  /** Start of the open frame's header, -1 without one, and its stream. */
  let frameAt = -1;
  let frameStream: StreamKind = 1;
  const ownFrames = options.timestamps || prefix !== null;

  const closeFrame = (): void => {
    if (frameAt >= 0) out.writeUInt32BE(length - frameAt - 8, frameAt + 4);
    frameAt = -1;
  };
  const openFrame = (stream: StreamKind): void => {
    out[length] = stream;
    out.fill(0, length + 1, length + 8);
    frameAt = length;
    frameStream = stream;
    length += 8;
  };
  const stamp = (block: Buffer, at: number, head: EntryHead): void => {
    if (isUtc(block, at, head.stampLength)) {
      block.copy(out, length, at, at + 29);
      out[length + 29] = 0x5a;
    } else out.write(formatNano(stampOf(block, at, head.stampLength)), length, 'latin1');
    out[length + 30] = 0x20;
    length += 31;
  };
  const room = (bytes: number): void => {
    if (length + bytes <= out.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(out.length * 2, length + bytes));
    out.copy(larger, 0, 0, length);
    out = larger;
  };

  return {
    /** A frame's header and a time stamp are no longer than the entry's own header: only details make it grow. */
    begin(bytes: number): void {
      out = Buffer.allocUnsafeSlow(bytes);
      length = 0;
      frameAt = -1;
    },
    entry(block: Buffer, at: number, head: EntryHead, end: number, lineStart: boolean): void {
      const textEnd = head.full ? end + 1 : end;
      const size = textEnd - head.textAt;
      room(size + 39 + (prefix?.length ?? 0));
      if (options.framed) {
        const join = frameAt >= 0 && !ownFrames && frameStream === head.stream && length - frameAt < MAX_FRAME;
        if (!join) {
          closeFrame();
          openFrame(head.stream);
        }
      }
      if (lineStart && options.timestamps) stamp(block, at, head);
      if (lineStart && prefix !== null) {
        prefix.copy(out, length);
        length += prefix.length;
      }
      if (size <= SHORT) {
        for (let from = head.textAt; from < textEnd; from += 1) {
          out[length] = block[from] as number;
          length += 1;
        }
      } else {
        block.copy(out, length, head.textAt, textEnd);
        length += size;
      }
    },
    take(): Buffer {
      closeFrame();
      return length === out.length ? out : out.subarray(0, length);
    },
  };
}
