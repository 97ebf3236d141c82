import { Readable } from 'node:stream';
import type { UsagePair } from './usage.ts';

const PERIOD_MS = 1000;

/**
 * A reading at once, then one each second. A client that does not read skips readings instead of gathering them.
 * `read` gives undefined when the container is gone: then the stream ends.
 */
export function usageStream(
  read: () => Promise<UsagePair | null | undefined>,
  encode: (pair: UsagePair | null) => string,
): Readable {
  let timer: NodeJS.Timeout | undefined;
  let next = 0;
  const stream = new Readable({
    highWaterMark: 16 * 1024,
    read() {
      // Asked again only when the last line was taken.
      if (timer !== undefined) return;
      const wait = Math.max(0, next - performance.now());
      timer = setTimeout(() => void tell(), wait);
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
  const tell = async (): Promise<void> => {
    next = performance.now() + PERIOD_MS;
    try {
      const pair = await read();
      timer = undefined;
      stream.push(pair === undefined ? null : encode(pair));
    } catch (error) {
      stream.destroy(error as Error);
    }
  };
  return stream;
}
