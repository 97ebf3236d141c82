import { EngineError } from '#core/errors.ts';

/** Failures that cost nothing: people mistype. */
const FREE_FAILURES = 4;
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 5 * 60_000;
/** Without a failure for this long, all is forgotten. */
const FORGET_MS = 30 * 60_000;
/** One address trying many names waits too, after more failures: several people may sit behind it. */
const ADDRESS_FREE_FAILURES = 20;
/** Memory is bounded whatever names and addresses are tried. */
const MAX_ENTRIES = 20_000;

type Entry = { failures: number; until: number; last: number };

export type Backoff = {
  /** @throws EngineError rate_limited, saying for how long. */
  check(account: string, address: string): void;
  failed(account: string, address: string): void;
  succeeded(account: string, address: string): void;
};

/**
 * Exponential waits per account *and* address, and per address. Never per
 * account alone: then anybody could lock the owner out by guessing.
 */
export function createBackoff(now: () => number = Date.now): Backoff {
  const entries = new Map<string, Entry>();
  const keys = (account: string, address: string) =>
    [
      [JSON.stringify([address, account.toLowerCase().slice(0, 64)]), FREE_FAILURES],
      [JSON.stringify([address]), ADDRESS_FREE_FAILURES],
    ] as const;
  const live = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry && now() - entry.last > FORGET_MS) {
      entries.delete(key);
      return undefined;
    }
    return entry;
  };
  return {
    check(account, address) {
      const until = Math.max(...keys(account, address).map(([key]) => live(key)?.until ?? 0));
      const wait = until - now();
      if (wait <= 0) return;
      const seconds = Math.ceil(wait / 1000);
      throw new EngineError('rate_limited', `Too many failed attempts. Try again in ${seconds} s.`, {
        details: { retryAfterSeconds: seconds },
      });
    },
    failed(account, address) {
      for (const [key, free] of keys(account, address)) {
        const entry = live(key) ?? { failures: 0, until: 0, last: 0 };
        entry.failures++;
        entry.last = now();
        const beyond = entry.failures - free;
        if (beyond > 0) entry.until = now() + Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(beyond - 1, 20));
        entries.delete(key);
        entries.set(key, entry);
      }
      while (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value as string);
    },
    succeeded(account, address) {
      entries.delete(keys(account, address)[0][0]);
    },
  };
}
