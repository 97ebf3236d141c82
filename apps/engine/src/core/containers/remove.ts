import { rm } from 'node:fs/promises';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { compilePruneFilters, type Filters } from './filters.ts';
import { killAndWait } from './kill.ts';
import { containerDir } from './paths.ts';
import { assertCanRemove, isLive, isRunning } from './state-machine.ts';
import { takeDown } from './take-down.ts';
import type { ContainerRecord } from './types.ts';

export type RemoveOptions = {
  /** Kill it first when it runs; abort a start under way. */
  force?: boolean;
  /** Also the anonymous volumes that were made for it. */
  volumes?: boolean;
};

/** `docker rm`. Durable when it returns. With `force` it waits for no start that is stuck. */
export async function removeContainer(context: Context, reference: string, options: RemoveOptions): Promise<void> {
  const record = context.collection.resolve(reference);
  const { id } = record;
  auditScope.object('container', id, record.name);
  assertCanRemove(record, options.force ?? false);
  const live = context.live(id);
  if (live.removing) throw new EngineError('conflict', `removal of container ${record.name} is already in progress`);
  if (options.force) {
    live.removing = true;
    clearTimeout(live.restartTimer);
    live.starting?.abort(new EngineError('cancelled', 'the container was removed while it started'));
    for (const writing of live.writing) writing.abort();
  }
  try {
    await context.lock(id, async () => {
      const now = context.collection.byId(id);
      // Whoever was before us has removed it: so it is gone, as asked for.
      if (!now) throw new EngineError('not_found', `No such container: ${reference}`);
      assertCanRemove(now, options.force ?? false);
      live.removing = true;
      await removeLocked(context, now, options);
    });
  } finally {
    live.removing = false;
  }
}

/** The caller holds the lock. The order makes a crash at any point harmless: boot finishes what is half done. */
export async function removeLocked(context: Context, record: ContainerRecord, options: RemoveOptions): Promise<void> {
  const { id } = record;
  if (isLive(record)) await killAndWait(context, record, { locked: true });
  const { state } = context.collection.change(id, { state: { status: 'removing' } }) ?? record;
  try {
    await takeDown(context, record);
    await context.runtime.remove(id);
    await context.collection.delete(id);
  } catch (error) {
    context.collection.change(id, { state: { ...state, status: 'dead', error: describe(error) } });
    throw error;
  }
  // From here on it does not exist; leftovers on disk are found at boot.
  const disk = await Promise.allSettled([
    context.rootfs.remove(id),
    rm(containerDir(context.paths, id), { recursive: true, force: true }),
  ]);
  for (const step of disk) {
    if (step.status === 'rejected') context.log.error({ id, err: step.reason }, 'removing the files of a container');
  }
  if (options.volumes) await removeAnonymousVolumes(context, record);
  announce(context, record, 'destroy');
  context.waits.removed(id, { exitCode: record.state.exitCode });
  context.forget(id);
}

const describe = (error: unknown): string => (isEngineError(error) ? error.message : 'removal failed');

async function removeAnonymousVolumes(context: Context, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (!mount.Anonymous || !mount.Name) continue;
    try {
      await context.volumes.remove(mount.Name);
    } catch (error) {
      // Still used by a container that took it over with --volumes-from.
      if (isEngineError(error, 'conflict') || isEngineError(error, 'not_found')) continue;
      context.log.error({ id: record.id, volume: mount.Name, err: error }, 'removing an anonymous volume');
    }
  }
}

/** `docker container prune`: stopped containers that pass the filters; which they were, and the bytes of their layers. */
export async function pruneContainers(
  context: Context,
  filters: Filters,
): Promise<{ deleted: string[]; reclaimed: number }> {
  const test = compilePruneFilters(filters, context.now());
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const record of context.collection.all()) {
    if (isRunning(record) || record.state.status === 'removing' || !test(record)) continue;
    try {
      const { rw } = await context.rootfs.size(record.id, record.imageId);
      await removeContainer(context, record.id, {});
      deleted.push(record.id);
      reclaimed += rw;
    } catch (error) {
      // Started or removed by somebody else meanwhile.
      if (!isEngineError(error, 'conflict') && !isEngineError(error, 'not_found')) throw error;
    }
  }
  context.events.publish({ type: 'container', action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
  return { deleted, reclaimed };
}
