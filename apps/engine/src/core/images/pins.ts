/**
 * Keeps blobs and layers that an operation in progress relies on from being
 * collected: they are on disk before an image that names them is in the store.
 */
export type Pins = {
  /** Waits for a deletion of the same key that has begun; afterwards none begins until `release`. */
  hold(key: string): Promise<void>;
  release(): void;
};

export type PinBoard = {
  begin(): Pins;
  /** Runs `remove` unless the key is held. */
  collect(key: string, remove: () => Promise<void>): Promise<void>;
};

export function createPinBoard(): PinBoard {
  const counts = new Map<string, number>();
  const removing = new Map<string, Promise<void>>();
  return {
    begin() {
      const held: string[] = [];
      return {
        async hold(key) {
          counts.set(key, (counts.get(key) ?? 0) + 1);
          held.push(key);
          await removing.get(key);
        },
        release() {
          for (const key of held.splice(0)) {
            const left = (counts.get(key) ?? 1) - 1;
            if (left === 0) counts.delete(key);
            else counts.set(key, left);
          }
        },
      };
    },
    async collect(key, remove) {
      if (counts.has(key)) return;
      await removing.get(key);
      if (counts.has(key)) return;
      const work = remove();
      const settled = work.then(
        () => undefined,
        () => undefined,
      );
      removing.set(key, settled);
      void settled.then(() => {
        if (removing.get(key) === settled) removing.delete(key);
      });
      await work;
    },
  };
}
