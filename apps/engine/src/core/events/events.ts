/**
 * The events of the Docker Engine API (`GET /events`): what happened to which
 * object. Core publishes, anyone subscribes; the store keeps them so that
 * `since` and `until` can be answered after a restart.
 */
export type EventType = 'container' | 'image' | 'volume' | 'network' | 'daemon' | 'builder';

export type EngineEvent = {
  readonly type: EventType;
  /** Docker's action word: `create`, `start`, `die`, `exec_create: sh`, `health_status: healthy`. */
  readonly action: string;
  readonly actor: { readonly id: string; readonly attributes: Readonly<Record<string, string>> };
  /** Nanoseconds since the epoch. Strictly increasing within one engine. */
  readonly timeNano: bigint;
};

/** Where events are kept. Append is queued and must never block a publisher. */
export interface EventStore {
  append(event: EngineEvent): void;
  /** Events in [since, until], oldest first, bounded by the store's retention. */
  range(since: bigint, until: bigint): Promise<EngineEvent[]>;
}

export type EventBus = {
  publish(event: { type: EventType; action: string; id: string; attributes: Record<string, string> }): EngineEvent;
  /** Synchronous delivery in order; a listener that throws is logged and kept. Returns the unsubscribe. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
  history(since: bigint, until: bigint): Promise<EngineEvent[]>;
  /** How many listen now. */
  listeners(): number;
};

export function createEventBus(deps: {
  store: EventStore;
  /** Wall clock in nanoseconds. */
  now: () => bigint;
  onListenerError: (error: unknown) => void;
}): EventBus {
  const listeners = new Set<(event: EngineEvent) => void>();
  let last = 0n;
  return {
    publish({ type, action, id, attributes }) {
      const now = deps.now();
      last = now > last ? now : last + 1n;
      const event: EngineEvent = { type, action, actor: { id, attributes }, timeNano: last };
      deps.store.append(event);
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          deps.onListenerError(error);
        }
      }
      return event;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    history: (since, until) => deps.store.range(since, until),
    listeners: () => listeners.size,
  };
}
