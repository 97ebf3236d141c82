/**
 * Work that several callers may ask for at the same time is done once. A
 * caller that leaves (its signal) gets its reason at once; the work itself is
 * cancelled when the last caller has left.
 */
export type SharedWork<Message, Result> = {
  /** Messages told before a caller joined are told to it first, in order. */
  join(
    key: string,
    work: (context: { signal: AbortSignal; tell: (message: Message) => void }) => Promise<Result>,
    caller?: { signal?: AbortSignal; tell?: (message: Message) => void },
  ): Promise<Result>;
};

type Running<Message, Result> = {
  controller: AbortController;
  listeners: Set<(message: Message) => void>;
  told: Message[];
  callers: number;
  promise: Promise<Result>;
};

export function createSharedWork<Message, Result>(
  options: { /** Messages kept for those who join later. */ replay?: number } = {},
): SharedWork<Message, Result> {
  const running = new Map<string, Running<Message, Result>>();

  const begin: (key: string, work: Parameters<SharedWork<Message, Result>['join']>[1]) => Running<Message, Result> = (
    key,
    work,
  ) => {
    const controller = new AbortController();
    const listeners = new Set<(message: Message) => void>();
    const told: Message[] = [];
    const tell = (message: Message) => {
      if (told.length < (options.replay ?? 0)) told.push(message);
      for (const listener of listeners) listener(message);
    };
    const entry = { controller, listeners, told, callers: 0 } as unknown as Running<Message, Result>;
    entry.promise = work({ signal: controller.signal, tell }).finally(() => {
      if (running.get(key) === entry) running.delete(key);
    });
    running.set(key, entry);
    return entry;
  };

  return {
    async join(key, work, caller = {}) {
      caller.signal?.throwIfAborted();
      const entry = running.get(key) ?? begin(key, work);
      entry.callers += 1;
      const { tell, signal } = caller;
      if (tell) {
        for (const message of entry.told) tell(message);
        entry.listeners.add(tell);
      }
      const left = Promise.withResolvers<never>();
      const onAbort = () => left.reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await Promise.race([entry.promise, left.promise]);
      } finally {
        signal?.removeEventListener('abort', onAbort);
        if (tell) entry.listeners.delete(tell);
        entry.callers -= 1;
        if (entry.callers === 0) {
          // A later caller begins anew rather than joining what is being cancelled.
          if (running.get(key) === entry) running.delete(key);
          entry.controller.abort(signal?.reason);
          entry.promise.catch(() => undefined);
        }
      }
    },
  };
}
