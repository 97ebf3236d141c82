/**
 * One entry of a container's log as conmon writes it (the CRI log format,
 * kubernetes/cri-api "Logging"):
 *
 *     2026-11-21T09:16:18.073813615+00:00 stdout P text
 *     └─ 35 bytes, local offset ────────┘ └stream  └ P: no newline was written here; F: one was
 *
 * The newline that ends an entry belongs to the output only when the flag is F.
 */
export type StreamKind = 1 | 2;

/** Where the parts of an entry with conmon's own time stamp are, counted from its first byte. */
const ZONE_AT = 29;
const STREAM_AT = 36;
const SPACE = 0x20;
const DASH = 0x2d;

/** An entry longer than this is no log entry: conmon reads 8 KiB at a time. */
export const MAX_ENTRY = 1024 * 1024;

export type EntryHead = {
  stream: StreamKind;
  /** The output has a newline after the text. */
  full: boolean;
  /** Index of the first byte of the text. */
  textAt: number;
  /** Length of the time stamp in bytes. */
  stampLength: number;
};

/** A reused head: the hot loop makes no objects. */
export const newHead = (): EntryHead => ({ stream: 1, full: true, textAt: 0, stampLength: 35 });

/** Reads the header of the entry at [at, end); false when these bytes are not an entry (torn write, damage). */
export function readHead(block: Buffer, at: number, end: number, head: EntryHead): boolean {
  // conmon's fixed layout first; a stamp in Z (other writers of the format) is five bytes shorter.
  let streamAt = at + STREAM_AT;
  if (block[streamAt - 1] !== SPACE || block[streamAt] !== 0x73) {
    streamAt -= 5;
    if (block[streamAt - 1] !== SPACE || block[streamAt] !== 0x73) return false;
  }
  // "stdout F " : the fourth letter tells, the rest must fit.
  if (streamAt + 9 > end || block[streamAt + 6] !== SPACE || block[streamAt + 8] !== SPACE) return false;
  const letter = block[streamAt + 3];
  const flag = block[streamAt + 7];
  if ((letter !== 0x6f && letter !== 0x65) || (flag !== 0x46 && flag !== 0x50)) return false;
  if (block[at + 10] !== 0x54 || block[at + 4] !== DASH) return false;
  head.stream = letter === 0x6f ? 1 : 2;
  head.full = flag === 0x46;
  head.textAt = streamAt + 9;
  head.stampLength = streamAt - 1 - at;
  return true;
}

const digits = (block: Buffer, at: number, count: number): number => {
  let value = 0;
  for (let index = at; index < at + count; index += 1) value = value * 10 + ((block[index] as number) - 0x30);
  return value;
};

/** Minutes east of UTC of the entry at `at`. */
function zoneMinutes(block: Buffer, at: number, stampLength: number): number {
  if (stampLength < 35) return 0;
  const minutes = digits(block, at + ZONE_AT + 1, 2) * 60 + digits(block, at + ZONE_AT + 4, 2);
  return block[at + ZONE_AT] === DASH ? -minutes : minutes;
}

/**
 * Time of the entry at `at` in nanoseconds since the epoch. Entries come in runs with the same second, so the
 * calendar is only asked when the second changes.
 */
export function createStampReader(): (block: Buffer, at: number, stampLength: number) => bigint {
  let cachedKey = '';
  let cachedSeconds = 0n;
  return (block, at, stampLength) => {
    const key = block.toString('latin1', at, at + 19) + block.toString('latin1', at + ZONE_AT, at + stampLength);
    if (key !== cachedKey) {
      const utc = Date.UTC(
        digits(block, at, 4),
        digits(block, at + 5, 2) - 1,
        digits(block, at + 8, 2),
        digits(block, at + 11, 2),
        digits(block, at + 14, 2),
        digits(block, at + 17, 2),
      );
      const minutes = zoneMinutes(block, at, stampLength);
      cachedSeconds = Number.isFinite(utc) ? BigInt(utc / 1000) - BigInt(minutes) * 60n : 0n;
      cachedKey = key;
    }
    return cachedSeconds * 1_000_000_000n + BigInt(digits(block, at + 20, 9) || 0);
  };
}

/** Whether the time stamp at `at` is already in UTC, so that its first 29 bytes can be copied as they are. */
export const isUtc = (block: Buffer, at: number, stampLength: number): boolean =>
  stampLength < 35 || zoneMinutes(block, at, stampLength) === 0;
