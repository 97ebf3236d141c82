/**
 * Answers about trees that cannot change, kept from build to build: a context
 * by the digest of its archive, an image by its id. What is asked again is not
 * unpacked, mounted or read again. Bounded; the least recently used goes first.
 */
export type Memo = {
  /** The answer of an earlier `ask`, or of `work`, which is kept when `keep` says so. */
  ask<T>(key: readonly unknown[], work: () => Promise<T>, keep?: (value: T) => boolean): Promise<T>;
  has(key: readonly unknown[]): boolean;
};

const ENTRIES = 4096;

export function createMemo(): Memo {
  const values = new Map<string, unknown>();
  return {
    has: (key) => values.has(JSON.stringify(key)),
    async ask(key, work, keep = () => true) {
      const name = JSON.stringify(key);
      if (values.has(name)) {
        const value = values.get(name);
        values.delete(name);
        values.set(name, value);
        return value as Awaited<ReturnType<typeof work>>;
      }
      const value = await work();
      if (keep(value)) values.set(name, value);
      for (const oldest of values.keys()) {
        if (values.size <= ENTRIES) break;
        values.delete(oldest);
      }
      return value;
    },
  };
}
