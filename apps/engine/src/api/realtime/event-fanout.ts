import type { Readable } from 'node:stream';
import type { LiveEvent } from '#contract/realtime.ts';
import { type Dockerode, getStream } from './dockerode.ts';

/** One event is a few hundred bytes; a line of more than this is not one. */
const MAX_LINE = 1024 * 1024;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000];

/** One connection to a host's events, however many clients look; none when nobody does. */
export function createEventFanout(deps: {
  docker(host: string): Dockerode;
  emit(event: LiveEvent): void;
  onError(host: string, error: unknown): void;
}) {
  const feeds = new Map<string, { users: number; ready: Promise<void>; stop(): void }>();

  const open = (host: string): { ready: Promise<void>; stop(): void } => {
    const opened = Promise.withResolvers<void>();
    let stopped = false;
    let stream: Readable | null = null;
    let timer: NodeJS.Timeout | undefined;
    let failures = 0;
    /** Nanoseconds of the newest event told: after a lost connection the gap is filled from there. */
    let newest: number | null = null;
    /** Set while a connection may repeat what the one before it told. */
    const repeatedUpTo: number | null = null;

    const tell = (line: string): void => {
      if (line === '') return;
      const { Type, Action, Actor, time, timeNano } = JSON.parse(line) as LiveEvent;
      if (repeatedUpTo !== null && timeNano <= repeatedUpTo) return;
      newest = timeNano;
      deps.emit({ host, Type, Action, Actor, time, timeNano });
    };
    const connect = async (): Promise<void> => {
      stream = await getStream(
        deps.docker(host),
        '/events',
        newest === null ? {} : { since: (newest / 1e9).toFixed(6) },
      );
      if (stopped) {
        stream.destroy();
        return;
      }
      failures = 0;
      opened.resolve();
      let rest = '';
      stream.setEncoding('utf8');
      for await (const chunk of stream) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() as string;
        if (rest.length > MAX_LINE) throw new Error('a line of events is too long');
        for (const line of lines) tell(line.trim());
      }
    };
    const run = (): void => {
      connect()
        .catch((error: unknown) => {
          if (!stopped) deps.onError(host, error);
        })
        .finally(() => {
          opened.resolve();
          if (stopped) return;
          timer = setTimeout(run, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]).unref();
          failures += 1;
        });
    };
    run();
    return {
      ready: opened.promise,
      stop() {
        stopped = true;
        clearTimeout(timer);
        stream?.destroy();
      },
    };
  };

  return {
    /** Resolves when events are being received, or when the first attempt to has failed. */
    join(host: string): Promise<void> {
      const feed = feeds.get(host) ?? { users: 0, ...open(host) };
      feeds.set(host, feed);
      feed.users += 1;
      return feed.ready;
    },
    leave(host: string): void {
      const feed = feeds.get(host);
      if (!feed) return;
      feed.users -= 1;
      if (feed.users > 0) return;
      feeds.delete(host);
      feed.stop();
    },
    close(): void {
      for (const feed of feeds.values()) feed.stop();
      feeds.clear();
    },
  };
}
