import { StringDecoder } from 'node:string_decoder';
import type { LogLine } from '#contract/realtime.ts';
import { EngineError } from '#core/errors.ts';

/** A longer line comes in pieces. */
const MAX_PIECE = 64 * 1024;
const NEWLINE = 0x0a;
const HEADER = 8;
/** A frame of more than this is not one: the stream is broken. */
const MAX_FRAME = 64 * 1024 * 1024;
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}) /;
const MAX_STAMP = 36;

/**
 * Docker's log stream with time stamps → lines. Takes the bytes in any pieces; holds at most one unfinished time stamp
 * and one unfinished character per stream. A line without its newline is given at once with `p`, so that a prompt
 * shows; the rest of it follows.
 */
export function createLineParser(framed: boolean): { push(chunk: Buffer): LogLine[]; end(): LogLine[] } {
  const streams = { 1: createStream(1, !framed), 2: createStream(2, !framed) };
  let header: Buffer = Buffer.alloc(0);
  let left = 0;
  let kind: 1 | 2 = 1;

  const framedPush = (chunk: Buffer, lines: LogLine[]): void => {
    let rest = header.length > 0 ? Buffer.concat([header, chunk]) : chunk;
    header = EMPTY;
    while (rest.length > 0) {
      if (left === 0) {
        if (rest.length < HEADER) {
          header = Buffer.from(rest);
          return;
        }
        left = rest.readUInt32BE(4);
        if (left > MAX_FRAME || (rest[0] as number) > 2) throw new EngineError('internal', 'the log stream is damaged');
        kind = rest[0] === 2 ? 2 : 1;
        rest = rest.subarray(HEADER);
        streams[kind].beginFrame();
      }
      const part = rest.subarray(0, left);
      left -= part.length;
      streams[kind].push(part, lines, left === 0);
      rest = rest.subarray(part.length);
    }
  };

  return {
    push(chunk) {
      const lines: LogLine[] = [];
      if (framed) framedPush(chunk, lines);
      else streams[1].push(chunk, lines, true);
      return lines;
    },
    end() {
      const lines: LogLine[] = [];
      streams[1].end(lines);
      streams[2].end(lines);
      return lines;
    },
  };
}

const EMPTY: Buffer = Buffer.alloc(0);

function createStream(s: 1 | 2, tty: boolean) {
  let decoder = new StringDecoder('utf8');
  /** Time of the line being read. */
  let time = '';
  /** At the beginning of a line, where a time stamp is. */
  let fresh = true;
  /** Bytes held back because the time stamp is not whole yet. */
  let held: Buffer = EMPTY;
  /** The next bytes begin a frame: hosts may put a time before each piece of a long line. */
  let frameStart = false;
  /** A terminal's line ends in CR LF, which may come apart. */
  let carriageReturn = '';

  const stamp = (bytes: Buffer): Buffer => {
    const match = STAMP.exec(bytes.toString('latin1', 0, MAX_STAMP));
    if (match === null) return bytes;
    if (fresh) time = match[0].slice(0, -1);
    return bytes.subarray(match[0].length);
  };
  const emit = (lines: LogLine[], text: string, more: boolean): void => {
    if (more && text === '') return;
    lines.push(more ? { t: time, s, m: text, p: true } : { t: time, s, m: text });
  };
  /** Text of one line or a part of it; `ended`: its newline was seen. */
  const give = (lines: LogLine[], bytes: Buffer, ended: boolean): void => {
    let rest = bytes;
    while (rest.length > MAX_PIECE) {
      emit(lines, decoder.write(rest.subarray(0, MAX_PIECE)), true);
      rest = rest.subarray(MAX_PIECE);
    }
    let text = carriageReturn + decoder.write(rest);
    carriageReturn = '';
    if (ended) {
      text += decoder.end();
      decoder = new StringDecoder('utf8');
    }
    if (tty && text.endsWith('\r')) {
      text = text.slice(0, -1);
      if (!ended) carriageReturn = '\r';
    }
    emit(lines, text, !ended);
  };

  return {
    beginFrame(): void {
      frameStart = true;
    },
    push(part: Buffer, lines: LogLine[], frameEnds: boolean): void {
      let rest = held.length > 0 ? Buffer.concat([held, part]) : part;
      held = EMPTY;
      while (rest.length > 0) {
        const newline = rest.indexOf(NEWLINE);
        if (fresh || frameStart) {
          const whole = newline >= 0 || rest.length >= MAX_STAMP || (frameEnds && !tty);
          if (!whole && !STAMP.test(rest.toString('latin1'))) {
            held = Buffer.from(rest);
            return;
          }
          const before = rest.length;
          rest = stamp(rest);
          frameStart = false;
          fresh = false;
          if (rest.length !== before) continue;
        }
        if (newline < 0) {
          give(lines, rest, false);
          return;
        }
        give(lines, rest.subarray(0, newline), true);
        rest = rest.subarray(newline + 1);
        fresh = true;
      }
    },
    end(lines: LogLine[]): void {
      if (held.length > 0) give(lines, stamp(held), false);
      const text = decoder.end();
      if (text !== '') emit(lines, text, true);
      held = EMPTY;
    },
  };
}
