import { EngineError, isEngineError } from '#core/errors.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { noteExit } from './note-exit.ts';
import type { ContainerExit } from './ports.ts';
import { isLive } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';

export const KILL = 9;
/** After SIGKILL only the kernel can be slow: a process in uninterruptible sleep. */
const KILL_GRACE = 10_000;

/** A frozen process takes no signal before it is thawed. */
export async function deliver(context: Context, record: ContainerRecord, signal: number): Promise<void> {
  const { id } = record;
  const paused = context.collection.byId(id)?.state.status === 'paused';
  // Told first: the death it causes may be told before the call returns.
  announce(context, record, 'kill', { signal: String(signal) });
  await unlessEnded(context.runtime.kill(id, signal));
  if (!paused) return;
  await unlessEnded(context.runtime.resume(id));
  if (context.collection.byId(id)?.state.status === 'paused') {
    context.collection.change(id, { state: { status: 'running' } });
  }
}

/** A process that died by itself meanwhile is no failure: its exit is told in a moment. */
async function unlessEnded(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isEngineError(error, 'not_found') && !isEngineError(error, 'conflict')) throw error;
  }
}

/** True when it came in time; undefined milliseconds is for ever. */
export async function within(promise: Promise<unknown>, milliseconds: number | undefined): Promise<boolean> {
  if (milliseconds === undefined) return promise.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Sends SIGKILL and waits for the exit to be noted. `locked`: the caller holds
 * the lock, so the exit's own handler waits for the caller; it is noted here.
 */
export async function killAndWait(
  context: Context,
  record: ContainerRecord,
  options: { locked?: boolean } = {},
): Promise<void> {
  const { id } = record;
  const now = context.collection.byId(id);
  if (!now || !isLive(now)) return;
  const gone = options.locked ? exitSeen(context, id) : context.waits.nextExit(id);
  context.collection.change(id, { state: { stoppedByUser: true } });
  await deliver(context, now, KILL);
  if (await within(gone, KILL_GRACE)) return;
  throw new EngineError('internal', `tried to kill container, but did not receive an exit event: container ${id}`);
}

function exitSeen(context: Context, id: string): Promise<void> {
  return new Promise((resolve) => {
    const note = (exit: ContainerExit): void => {
      const record = context.collection.byId(id);
      if (record && isLive(record)) noteExit(context, record, exit);
      resolve();
    };
    const { pendingExit } = context.live(id);
    if (pendingExit) {
      note(pendingExit);
      return;
    }
    const leave = context.runtime.onExit((exit) => {
      if (exit.id !== id) return;
      leave();
      note(exit);
    });
  });
}
