import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { EngineEvent } from '#core/events/events.ts';
import { createEncoder, type StreamStarts } from './encode.ts';
import { type LogFile, openLog } from './files.ts';
import { type Follow, logStream } from './source.ts';
import { createTailCounter, type TailCounter, walkBack } from './tail.ts';

export type LogRequest = {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  timestamps: boolean;
  details: boolean;
  /** Whole lines of the past; null for all. */
  tail: number | null;
  /** Nanoseconds since the epoch. */
  since: bigint | null;
  until: bigint | null;
  /** Bare bytes also without a terminal. */
  raw?: boolean;
};

/** What attach shows: output from now on, or everything kept and then from now on. */
export type LiveRequest = { stdout: boolean; stderr: boolean; past: boolean; raw?: boolean };

export type Logs = {
  /**
   * A container's output as Docker's stream: 8-byte frames, or bare bytes with a terminal. Follows until the container
   * has ended for good. Errors: not_implemented when the container keeps no log.
   */
  read(container: ContainerRecord, request: LogRequest): Promise<Readable>;
  /** Output from now until the container's next exit, also of one that is not started yet. */
  live(container: ContainerRecord, request: LiveRequest): Promise<Readable>;
};

export type LogsDeps = {
  /** The record now; undefined when it was removed. */
  get(id: string): ContainerRecord | undefined;
  events: { subscribe(listener: (event: EngineEvent) => void): () => void };
  now(): bigint;
};

const ALIVE: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);
/** No timer of Node's runs longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Reads of what conmon wrote; see entry.ts for the format. Siblings: containers (types only). */
export function createLogs(deps: LogsDeps): Logs {
  const alive = (id: string): boolean => ALIVE.has(deps.get(id)?.state.status ?? '');

  const onEvents = (id: string, listener: (action: string) => void): (() => void) =>
    deps.events.subscribe((event) => {
      if (event.type === 'container' && event.actor.id === id) listener(event.action);
    });

  /** Ends when the container has stopped and will not come back by its restart policy. */
  const untilStopped = (id: string, until: bigint | null): Follow => ({
    onEnd(listener) {
      const undo = onEvents(id, (action) => {
        if (ENDINGS.has(action) && !alive(id)) listener();
      });
      if (!alive(id)) listener();
      if (until === null) return undo;
      const wait = Number((until - deps.now()) / 1_000_000n) + 1;
      const timer = setTimeout(listener, Math.min(Math.max(wait, 0), LONGEST_TIMER_MS)).unref();
      return () => {
        clearTimeout(timer);
        undo();
      };
    },
  });

  /** Ends at the next exit, whatever comes after it. */
  const untilExit = (id: string): Follow => ({
    onEnd(listener) {
      const undo = onEvents(id, (action) => {
        if (action === 'die' || action === 'destroy') listener();
      });
      if (deps.get(id) === undefined) listener();
      return undo;
    },
  });

  return {
    async read(container, request) {
      if (container.hostConfig.LogConfig.Type === 'none') {
        throw new EngineError('not_implemented', 'configured logging driver does not support reading');
      }
      const files = await openLog(container.logPath);
      try {
        const place = await findPlace(files, request);
        const encoder = createEncoder(
          {
            stdout: request.stdout,
            stderr: request.stderr,
            framed: !container.config.Tty && !request.raw,
            timestamps: request.timestamps,
            details: request.details ? `${details(container)} ` : null,
            since: request.since,
            until: request.until,
          },
          place.starts,
          place.base,
        );
        const follow = request.follow && alive(container.id) ? untilStopped(container.id, request.until) : undefined;
        return stream(container, place, encoder, follow);
      } catch (error) {
        await closeAll(files);
        throw error;
      }
    },

    async live(container, request) {
      const files = await openLog(container.logPath);
      try {
        const past = request.past && container.hostConfig.LogConfig.Type !== 'none';
        const place = past ? { files, offset: 0, base: 0 } : await onlyEnd(files);
        const encoder = createEncoder({
          stdout: request.stdout,
          stderr: request.stderr,
          framed: !container.config.Tty && !request.raw,
          timestamps: false,
          details: null,
          since: null,
          until: null,
        });
        return stream(container, place, encoder, untilExit(container.id));
      } catch (error) {
        await closeAll(files);
        throw error;
      }
    },
  };
}

/** Events at which a follower looks whether its container is gone. */
const ENDINGS: ReadonlySet<string> = new Set(['die', 'stop', 'kill', 'destroy', 'oom']);

type Place = { files: LogFile[]; offset: number; base: number; starts?: StreamStarts };

function stream(
  container: ContainerRecord,
  place: Place,
  encoder: ReturnType<typeof createEncoder>,
  follow: Follow | undefined,
): Readable {
  try {
    return logStream({ path: container.logPath, files: place.files, offset: place.offset, encoder, follow });
  } catch (error) {
    void closeAll(place.files);
    throw new EngineError('unavailable', `cannot watch ${dirname(container.logPath)} for new output`, { cause: error });
  }
}

const closeAll = (files: readonly LogFile[]): Promise<unknown> =>
  Promise.allSettled(files.map((file) => file.handle.close()));

/** Where reading begins: for a tail the file and the offset of its first line, else the beginning of the oldest file. */
async function findPlace(files: LogFile[], request: LogRequest): Promise<Place> {
  if (request.tail === null || files.length === 0) return { files, offset: 0, base: 0 };
  const bases = basesOf(files);
  const total = (bases.at(-1) ?? 0) + (files.at(-1)?.size ?? 0);
  const counter = createTailCounter(request.tail, total, request);
  let first = files.length - 1;
  for (; first >= 0; first -= 1) {
    const file = files[first] as LogFile;
    if (await walkBack(file.handle, file.size, shifted(counter, bases[first] as number))) break;
  }
  const start = Math.min(counter.starts[1], counter.starts[2]);
  let index = files.length - 1;
  while (index > 0 && (bases[index] as number) > start) index -= 1;
  const keep = files.splice(index);
  await closeAll(files);
  const base = bases[index] as number;
  return { files: keep, offset: start - base, base: start, starts: counter.starts };
}

/** Only the newest file, from its end on. */
async function onlyEnd(files: LogFile[]): Promise<Place> {
  const newest = files.pop();
  await closeAll(files);
  if (newest === undefined) return { files: [], offset: 0, base: 0 };
  return { files: [newest], offset: (await newest.handle.stat()).size, base: 0 };
}

function basesOf(files: readonly LogFile[]): number[] {
  const bases: number[] = [];
  let base = 0;
  for (const file of files) {
    bases.push(base);
    base += file.size;
  }
  return bases;
}

const shifted = (counter: TailCounter, base: number): TailCounter => ({
  entry: (block, at, end, offset) => counter.entry(block, at, end, base + offset),
  get starts() {
    return counter.starts;
  },
  get counted() {
    return counter.counted;
  },
});

/** Labels and environment named by the log options `labels` and `env`, as `key=value,key=value` in alphabetical order. */
function details(container: ContainerRecord): string {
  const options = container.hostConfig.LogConfig.Config;
  const pick = (name: string): string[] => (options[name] ?? '').split(',').filter((key) => key !== '');
  const found = new Map<string, string>();
  const labels = new Map(Object.entries(container.config.Labels));
  for (const key of pick('labels')) {
    const value = labels.get(key);
    if (value !== undefined) found.set(key, value);
  }
  const wanted = new Set(pick('env'));
  for (const pair of container.config.Env) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (wanted.has(key)) found.set(key, equals < 0 ? '' : pair.slice(equals + 1));
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(',');
}
