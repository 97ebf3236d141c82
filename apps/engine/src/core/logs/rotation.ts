import { type FSWatcher, watch } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ContainerRecord } from '#core/containers/types.ts';
import type { EngineEvent } from '#core/events/events.ts';
import { isMissing } from './files.ts';

export type RotationDeps = {
  containers: { get(id: string): ContainerRecord | undefined; all(): readonly ContainerRecord[] };
  events: { subscribe(listener: (event: EngineEvent) => void): () => void };
  /** After a rename: the writer goes on in a new file of the old name. */
  reopenLog(id: string): void | Promise<void>;
  onError(id: string, error: unknown): void;
};

export type LogLimit = {
  /** Bytes at which a new file is begun. */
  maxSize: number;
  /** Files kept, the one being written among them. */
  maxFiles: number;
};

/** A container without a log still prints: only as much is kept as attached clients need to catch up. */
const UNREAD_LIMIT: LogLimit = { maxSize: 4 * 1024 * 1024, maxFiles: 1 };
/** A busy container's log changes thousands of times a second; looking this often lets it overshoot a little. */
const LOOK_MS = 200;
const UNITS = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['t', 1e12],
]);

/** `max-size` and `max-file` of the log options, decimal units as in Docker; null: unbounded. */
export function logLimit({ hostConfig }: Pick<ContainerRecord, 'hostConfig'>): LogLimit | null {
  const { Type, Config } = hostConfig.LogConfig;
  if (Type === 'none') return UNREAD_LIMIT;
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec((Config['max-size'] ?? '').trim());
  const maxSize = match ? Math.floor(Number(match[1]) * (UNITS.get((match[2] as string).toLowerCase()) ?? 1)) : 0;
  if (maxSize <= 0) return null;
  const files = Number(Config['max-file'] ?? '1');
  return { maxSize, maxFiles: Number.isInteger(files) && files >= 1 ? Math.min(files, 1000) : 1 };
}

/**
 * Keeps logs within what their containers asked for. Woken by inotify while a bounded container runs; costs nothing for
 * the others. Call `close` at shutdown.
 */
export function createRotation(deps: RotationDeps): { close(): void } {
  const watched = new Map<string, { stop(): void }>();

  const begin = (id: string): void => {
    const container = deps.containers.get(id);
    const limit = container ? logLimit(container) : null;
    if (!container || limit === null || watched.has(id)) return;
    try {
      watched.set(id, watchOne(deps, container, limit));
    } catch (error) {
      deps.onError(id, error);
    }
  };
  const end = (id: string): void => {
    watched.get(id)?.stop();
    watched.delete(id);
  };
  const unsubscribe = deps.events.subscribe(({ type, action, actor }) => {
    if (type !== 'container') return;
    if (action === 'start') begin(actor.id);
    else if (action === 'die' || action === 'destroy') end(actor.id);
  });
  for (const { id, state } of deps.containers.all()) {
    if (state.status === 'running' || state.status === 'paused') begin(id);
  }

  return {
    close() {
      unsubscribe();
      for (const id of [...watched.keys()]) end(id);
    },
  };
}

function watchOne(deps: RotationDeps, { id, logPath }: ContainerRecord, limit: LogLimit): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      const size = await sizeOf(logPath);
      // No file: an engine that died between rename and reopen left the writer with the renamed one.
      if (size === null) await deps.reopenLog(id);
      else if (size > limit.maxSize) await rotate(deps, id, logPath, limit.maxFiles);
    } catch (error) {
      if (!stopped) deps.onError(id, error);
    }
    timer = undefined;
  };
  const stir = (): void => {
    if (!stopped) timer ??= setTimeout(() => void look(), LOOK_MS).unref();
  };
  const watcher: FSWatcher = watch(dirname(logPath), { persistent: false }, stir);
  watcher.on('error', (error) => deps.onError(id, error));
  stir();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** Moves every file up by one, drops the oldest, and has the writer begin a new one. Readers keep what they have open. */
async function rotate(deps: RotationDeps, id: string, path: string, maxFiles: number): Promise<void> {
  for (let number = maxFiles - 1; number >= 2; number -= 1)
    await moveIfThere(`${path}.${number - 1}`, `${path}.${number}`);
  await rename(path, `${path}.1`);
  await deps.reopenLog(id);
  if (maxFiles === 1) await rm(`${path}.1`, { force: true });
}

async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
