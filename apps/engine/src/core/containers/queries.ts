import type { Collection } from './collection.ts';
import type { Context } from './context.ts';
import type { Creating } from './create.ts';
import { compileFilters, type Filters, impliesAll } from './filters.ts';
import { isLive, isRunning } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';
import type { WaitCondition, WaitResult } from './waits.ts';

export type ListOptions = { all?: boolean; limit?: number; filters?: Filters };

/** Newest first. A limit, and filters on what only stopped containers have, include the stopped ones. */
export async function listContainers(context: Context, options: ListOptions): Promise<ContainerRecord[]> {
  const filters: Filters = options.filters ?? new Map();
  const test = await compileFilters(filters, context);
  const limit = options.limit ?? 0;
  const all = options.all || limit > 0 || impliesAll(filters);
  const newestFirst = context.collection
    .all()
    .sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
  const found = newestFirst.filter((record) => (all || isRunning(record)) && test(record));
  return limit > 0 ? found.slice(0, limit) : found;
}

/** Registered when it returns. */
export function waitForContainer(
  context: Context,
  reference: string,
  condition: WaitCondition,
  signal?: AbortSignal,
): Promise<WaitResult> {
  const record = context.collection.resolve(reference);
  if (condition === 'removed') return context.waits.removal(record.id, signal);
  if (condition === 'not-running' && !isRunning(record)) return Promise.resolve({ exitCode: record.state.exitCode });
  return context.waits.nextExit(record.id, signal);
}

export function usingImage(
  context: Context,
  creating: Creating,
  imageId: string,
): { id: string; name: string; running: boolean }[] {
  const made = context.collection
    .all()
    .filter((record) => record.imageId === imageId)
    .map((record) => ({ id: record.id, name: record.name, running: isRunning(record) }));
  const inTheMaking = [...creating]
    .filter(([id, it]) => it.imageId === imageId && !context.collection.byId(id))
    .map(([id]) => ({ id, name: '', running: false }));
  return [...made, ...inTheMaking];
}

export function usingVolume(context: Context, creating: Creating, name: string): string[] {
  const made = context.collection
    .all()
    .filter((record) => record.mounts.some((mount) => mount.Type === 'volume' && mount.Name === name));
  const inTheMaking = [...creating].filter(([, it]) => it.volumes.has(name));
  return [...new Set([...made.map((record) => record.id), ...inTheMaking.map(([id]) => id)])];
}

export function countByState(collection: Collection): { running: number; paused: number; stopped: number } {
  const counts = { running: 0, paused: 0, stopped: 0 };
  for (const record of collection.all()) {
    if (record.state.status === 'paused') counts.paused++;
    else if (isLive(record)) counts.running++;
    else counts.stopped++;
  }
  return counts;
}
