import { Readable } from 'node:stream';
import type { EngineEvent, EventBus } from './events.ts';

export type EventStreamOptions = {
  /** Nanoseconds since the epoch. Null: only what happens from now on. */
  since: bigint | null;
  /** The stream ends then; null: never. */
  until: bigint | null;
  filter(event: EngineEvent): boolean;
  encode(event: EngineEvent): string;
  /** Wall clock in nanoseconds. */
  now(): bigint;
};

/** Events kept for a client that does not read; beyond it the connection is cut rather than an event left out. */
const MAX_WAITING = 10_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What happened since `since`, then what happens, each event once and in order. */
export function eventStream(bus: Pick<EventBus, 'subscribe' | 'history'>, options: EventStreamOptions): Readable {
  const { since, until, filter, encode, now } = options;
  let past: EngineEvent[] = [];
  let told = 0;
  const waiting: EngineEvent[] = [];
  /** Live events wait until the history was told. */
  let ready = false;
  let flowing = false;
  let last = 0n;
  let over = false;
  let timer: NodeJS.Timeout | undefined;

  const stream = new Readable({
    highWaterMark: 64 * 1024,
    read() {
      flowing = true;
      drain();
    },
    destroy(error, done) {
      clearTimeout(timer);
      unsubscribe();
      waiting.length = 0;
      done(error);
    },
  });

  const tell = (event: EngineEvent): void => {
    if (event.timeNano <= last) return;
    last = event.timeNano;
    if (until !== null && event.timeNano > until) return;
    if (filter(event)) flowing = stream.push(encode(event));
  };

  const drain = (): void => {
    if (!ready) return;
    for (; flowing && told < past.length; told += 1) tell(past[told] as EngineEvent);
    if (told < past.length) return;
    past = [];
    told = 0;
    while (flowing && waiting.length > 0) tell(waiting.shift() as EngineEvent);
    if (over && waiting.length === 0) stream.push(null);
  };

  // Subscribed before history is read: what happens meanwhile is in one or both, and told once by its time.
  const unsubscribe = bus.subscribe((event) => {
    if (over) return;
    waiting.push(event);
    if (waiting.length > MAX_WAITING) stream.destroy(new Error('the client does not read its events'));
    else drain();
  });

  const finish = (): void => {
    const left = until === null ? 0n : (until - now()) / 1_000_000n;
    if (left > 0n) {
      timer = setTimeout(finish, Math.min(Number(left) + 1, LONGEST_TIMER_MS)).unref();
      return;
    }
    over = true;
    drain();
  };

  const begin = async (): Promise<void> => {
    if (since !== null) past = await bus.history(since, until ?? now());
    ready = true;
    if (until === null) drain();
    else finish();
  };
  begin().catch((error: Error) => stream.destroy(error));
  return stream;
}
