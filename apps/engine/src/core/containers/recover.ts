import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNano, ZERO_TIME } from '#lib/time.ts';
import type { Context } from './context.ts';
import { handleExit, scheduleRestart } from './exit.ts';
import type { Recovered } from './ports.ts';
import { removeLocked } from './remove.ts';
import { shouldRestart } from './restart-policy.ts';
import { sandboxRequest } from './start.ts';
import { isLive, isRunning } from './state-machine.ts';
import { takeDown } from './take-down.ts';
import type { ContainerRecord } from './types.ts';

/** Docker's exit code for a container whose own one nobody was there to see. */
const LOST = 255;

/**
 * At boot, before the API listens: what is on the host wins over what was
 * written. Running containers are taken over untouched; exits that nobody saw
 * get their real time and code; what is half done is finished; files that no
 * container owns are removed.
 */
export async function recover(context: Context): Promise<void> {
  const records = await context.collection.load();
  const found = await context.runtime.recover(
    records.map(({ id, state }) => ({ id, pid: state.pid, pidStartTime: state.pidStartTime })),
  );
  await removeLeftovers(context, records);
  for (const record of records) {
    const now = found.get(record.id);
    if (now?.kind === 'running') takeOver(context, record, await thawed(context, record, now));
    else if (record.state.health?.Status === 'starting')
      context.collection.change(record.id, { state: { health: undefined } });
  }
  const live = context.collection.all().filter(isLive);
  const survivors = live.filter((record) => found.get(record.id)?.kind === 'running');
  await context.networking.recover(survivors.map((record) => sandboxRequest(context, record)));
  // A volume that a survivor uses must not be unmounted by the end of another container.
  for (const record of survivors) await reacquire(context, record);
  const results = await Promise.allSettled(records.map((record) => finish(context, record, found.get(record.id))));
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') {
      context.log.error({ id: records[index]?.id, err: result.reason }, 'recovering a container');
    }
  }
}

/** It may have been started, paused or thawed after the last row was written. */
function takeOver(context: Context, record: ContainerRecord, now: Extract<Recovered, { kind: 'running' }>): void {
  const startedAt =
    isRunning(record) && record.state.startedAt !== ZERO_TIME ? record.state.startedAt : formatNano(context.now());
  context.collection.change(record.id, {
    state: { status: now.paused ? 'paused' : 'running', pid: now.pid, startedAt },
  });
}

/** It stood still for a commit that the end of the engine cut short: nobody else would let it go on. */
async function thawed(
  context: Context,
  record: ContainerRecord,
  now: Extract<Recovered, { kind: 'running' }>,
): Promise<typeof now> {
  if (!now.paused || record.state.status !== 'running') return now;
  try {
    await context.runtime.resume(record.id);
    return { ...now, paused: false };
  } catch (error) {
    context.log.error({ id: record.id, err: error }, 'letting a container go on after a commit');
    return now;
  }
}

async function reacquire(context: Context, record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.Type !== 'volume' || !mount.Name) continue;
    try {
      await context.volumes.acquire(mount.Name, record.id);
    } catch (error) {
      context.log.error({ id: record.id, volume: mount.Name, err: error }, 'taking a volume over');
    }
  }
}

async function finish(context: Context, before: ContainerRecord, found: Recovered | undefined): Promise<void> {
  const record = context.collection.byId(before.id);
  if (!record) return;
  if (found?.kind === 'running') {
    await context.collection.save(record.id);
    context.health.start(record.id);
    return;
  }
  const { status } = record.state;
  if (status === 'removing' || status === 'dead') {
    await context.lock(record.id, () => removeLocked(context, record, {}));
    return;
  }
  if (isLive(record)) {
    const exit =
      found?.kind === 'exited'
        ? found.exit
        : { id: record.id, exitCode: LOST, oomKilled: false, finishedAt: formatNano(context.now()) };
    await handleExit(context, exit);
    await bringBack(context, record.id);
    return;
  }
  // Not running by the row: give back what an interrupted start or clean-up may still hold.
  await context.lock(record.id, () => takeDown(context, record));
  if (status === 'restarting') scheduleRestart(context, record.id, 0);
  else if (record.hostConfig.AutoRemove && status === 'exited') {
    await context.lock(record.id, () => removeLocked(context, record, { volumes: true }));
  } else await bringBack(context, record.id);
}

/** `always` and `unless-stopped` come back with the engine; the difference is a stop by the user. */
async function bringBack(context: Context, id: string): Promise<void> {
  const record = context.collection.byId(id);
  if (record?.state.status !== 'exited' || record.state.startedAt === ZERO_TIME) return;
  const { Name } = record.hostConfig.RestartPolicy;
  if ((Name !== 'always' && Name !== 'unless-stopped') || !shouldRestart(record, { atBoot: true })) return;
  context.collection.change(id, { state: { status: 'restarting' } });
  scheduleRestart(context, id, 0);
}

/** Writable layers and directories of containers that were never acknowledged, or whose removal was cut short. */
async function removeLeftovers(context: Context, records: readonly ContainerRecord[]): Promise<void> {
  const known = new Set(records.map((record) => record.id));
  for (const id of await context.rootfs.list()) {
    if (!known.has(id)) await attempt(context, id, () => context.rootfs.remove(id));
  }
  const directory = join(context.paths.dataRoot, 'containers');
  const entries = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const id of entries) {
    if (!known.has(id)) await attempt(context, id, () => rm(join(directory, id), { recursive: true, force: true }));
  }
}

async function attempt(context: Context, id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    context.log.info({ id }, 'removed what no container owns');
  } catch (error) {
    context.log.warn({ id, err: error }, 'removing what no container owns');
  }
}
