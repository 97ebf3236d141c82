export type WaitCondition = 'not-running' | 'next-exit' | 'removed';
export type WaitResult = { exitCode: number; error?: string };

type Waiter = (result: WaitResult) => void;
export type Waits = ReturnType<typeof createWaits>;

/** Who waits for which container to exit or to be gone. Nobody who waits holds anything else. */
export function createWaits() {
  const exits = new Map<string, Set<Waiter>>();
  const removals = new Map<string, Set<Waiter>>();

  function register(map: Map<string, Set<Waiter>>, id: string, signal?: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve, reject) => {
      const set = map.get(id) ?? new Set();
      map.set(id, set);
      const leave = (): void => {
        set.delete(waiter);
        if (set.size === 0 && map.get(id) === set) map.delete(id);
        signal?.removeEventListener('abort', aborted);
      };
      const waiter: Waiter = (result) => {
        leave();
        resolve(result);
      };
      const aborted = (): void => {
        leave();
        reject(signal?.reason);
      };
      set.add(waiter);
      if (signal?.aborted) aborted();
      else signal?.addEventListener('abort', aborted);
    });
  }

  function release(map: Map<string, Set<Waiter>>, id: string, result: WaitResult): void {
    for (const waiter of [...(map.get(id) ?? [])]) waiter(result);
  }

  return {
    nextExit: (id: string, signal?: AbortSignal) => register(exits, id, signal),
    removal: (id: string, signal?: AbortSignal) => register(removals, id, signal),
    exited: (id: string, result: WaitResult) => release(exits, id, result),
    removed(id: string, result: WaitResult): void {
      release(exits, id, result);
      release(removals, id, result);
    },
  };
}
