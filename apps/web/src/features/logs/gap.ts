import type { LogLine } from '@contract/realtime.ts';

/**
 * Takes up a log where a lost connection left it. The stream is asked for
 * again from the last time seen, which sends the lines of that very
 * nanosecond a second time: these are let go, as often as they were seen.
 */
export type GapFilter = ReturnType<typeof createGapFilter>;

export function createGapFilter() {
  let last = '';
  // Lines seen at `last`, with how often.
  let seen = new Map<string, number>();
  let doubles: Map<string, number> | null = null;

  const identity = (line: LogLine) => `${line.s}${line.p ? '+' : ' '}${line.m}`;

  return {
    /** RFC 3339 with nanoseconds of the newest line; '' before the first. */
    last: () => last,
    /** Call before the stream is opened again with `since: last()`. */
    resume(): void {
      doubles = new Map(seen);
    },
    /** The lines that were not seen before. */
    take(batch: readonly LogLine[]): LogLine[] {
      return batch.filter((line) => {
        if (doubles) {
          if (line.t < last) return false;
          const key = identity(line);
          const left = line.t === last ? (doubles.get(key) ?? 0) : 0;
          if (left > 0) {
            doubles.set(key, left - 1);
            return false;
          }
          if (line.t > last) doubles = null;
        }
        remember(line);
        return true;
      });
    },
  };

  function remember(line: LogLine): void {
    // Two streams interleave: a line may carry an earlier time than the one before it.
    if (line.t < last) return;
    if (line.t > last) {
      last = line.t;
      seen = new Map();
    }
    const key = identity(line);
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
}
