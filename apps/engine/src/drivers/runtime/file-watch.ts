import { watch } from 'node:fs';

/** One inotify watch on a directory, shared by all who wait for a file in it. */
export type FileWatch = {
  /** Calls back each time something happens to this name. Gives the function that stops it. */
  onFile(name: string, listener: () => void): () => void;
  /** Every name that something happens to. */
  onAny(listener: (name: string) => void): void;
  close(): void;
};

export function createFileWatch(directory: string, onError: (error: Error) => void): FileWatch {
  const byName = new Map<string, Set<() => void>>();
  const all: ((name: string) => void)[] = [];
  const watcher = watch(directory, { persistent: false }, (_event, name) => {
    if (name === null) return;
    for (const listener of all) listener(name);
    for (const listener of byName.get(name) ?? []) listener();
  });
  watcher.on('error', onError);
  return {
    onFile(name, listener) {
      const set = byName.get(name) ?? new Set();
      byName.set(name, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) byName.delete(name);
      };
    },
    onAny(listener) {
      all.push(listener);
    },
    close: () => watcher.close(),
  };
}
