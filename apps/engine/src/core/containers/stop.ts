import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { deliver, KILL, killAndWait, within } from './kill.ts';
import { cancelRestart } from './note-exit.ts';
import { parseSignal } from './signals.ts';
import { startContainer } from './start.ts';
import { assertCanKill, assertCanPause, assertCanStop, assertCanUnpause, isLive } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';

const TERM = 15;
const DEFAULT_TIMEOUT = 10;

export type StopOptions = {
  /** Seconds before SIGKILL; negative waits for ever. Default: the container's, else 10. */
  timeout?: number;
  /** Default: the container's, else SIGTERM. */
  signal?: string;
};

const stopSignal = (record: ContainerRecord): number =>
  record.config.StopSignal ? parseSignal(record.config.StopSignal) : TERM;

/** `docker stop`. Holds no lock while it waits: kill, inspect and rm -f get through. */
export async function stopContainer(context: Context, reference: string, options: StopOptions): Promise<void> {
  const record = context.collection.resolve(reference);
  auditScope.object('container', record.id, record.name);
  const signal = options.signal ? parseSignal(options.signal) : stopSignal(record);
  assertCanStop(record);
  await stopRunning(context, record, signal, options.timeout ?? record.config.StopTimeout ?? DEFAULT_TIMEOUT);
  const after = context.collection.byId(record.id);
  if (after) announce(context, after, 'stop');
}

export async function stopRunning(
  context: Context,
  record: ContainerRecord,
  signal: number,
  seconds: number,
): Promise<void> {
  const { id } = record;
  if (record.state.status === 'restarting') {
    await context.lock(id, async () => {
      const now = context.collection.byId(id);
      if (now?.state.status === 'restarting') await cancelRestart(context, now);
      else if (now && isLive(now))
        throw new EngineError('conflict', `container ${id} was just restarted, stop it again`);
    });
    return;
  }
  const exited = context.waits.nextExit(id);
  const noted = noteStopped(context, record);
  await deliver(context, record, signal);
  if (!(await within(exited, seconds < 0 ? undefined : seconds * 1000))) await killAndWait(context, record);
  await noted;
  await settled(context, id);
}

/** The user's word is in memory before the signal can have an effect, and on disk before the answer. */
function noteStopped(context: Context, record: ContainerRecord): Promise<void> {
  context.collection.change(record.id, { state: { stoppedByUser: true } });
  const saved = context.collection.save(record.id);
  saved.catch(() => undefined);
  return saved;
}

/** Whoever was told that a container stopped may count on its ports and names being free. */
async function settled(context: Context, id: string): Promise<void> {
  await context.lock(id, async () => undefined);
}

/** `docker kill`. Only SIGKILL and the container's own stop signal are the user's word to leave it stopped. */
export async function killContainer(context: Context, reference: string, signalName: string): Promise<void> {
  const record = context.collection.resolve(reference);
  auditScope.object('container', record.id, record.name);
  const signal = signalName === '' ? KILL : parseSignal(signalName);
  auditScope.detail({ signal });
  assertCanKill(record, reference);
  if (record.state.status === 'restarting') {
    await stopRunning(context, record, signal, 0);
    return;
  }
  if (signal !== KILL) {
    if (signal === stopSignal(record)) await noteStopped(context, record);
    else await context.collection.save(record.id);
    await deliver(context, record, signal);
    return;
  }
  const noted = noteStopped(context, record);
  await killAndWait(context, record);
  await noted;
  await settled(context, record.id);
}

export async function pauseContainer(context: Context, reference: string): Promise<void> {
  await freeze(context, reference, assertCanPause, 'paused', 'pause');
}

export async function unpauseContainer(context: Context, reference: string): Promise<void> {
  await freeze(context, reference, assertCanUnpause, 'running', 'unpause');
}

async function freeze(
  context: Context,
  reference: string,
  check: (record: ContainerRecord) => void,
  status: 'paused' | 'running',
  verb: 'pause' | 'unpause',
): Promise<void> {
  const { id, name } = context.collection.resolve(reference);
  auditScope.object('container', id, name);
  await context.lock(id, async () => {
    const record = context.collection.resolve(id);
    check(record);
    await (verb === 'pause' ? context.runtime.pause(id) : context.runtime.resume(id));
    const after = context.collection.change(id, { state: { status } });
    await context.collection.save(id);
    if (after) announce(context, after, verb);
  });
}

/** `docker restart`: a stop when it runs, then a start whatever its state was. */
export async function restartContainer(context: Context, reference: string, options: StopOptions): Promise<void> {
  const record = context.collection.resolve(reference);
  auditScope.object('container', record.id, record.name);
  const signal = options.signal ? parseSignal(options.signal) : stopSignal(record);
  if (isLive(record) || record.state.status === 'restarting') {
    // What --rm removes when it ends cannot be started again: this end is not the end.
    context.live(record.id).restarting = true;
    try {
      await stopRunning(context, record, signal, options.timeout ?? record.config.StopTimeout ?? DEFAULT_TIMEOUT);
      const stopped = context.collection.byId(record.id);
      if (stopped) announce(context, stopped, 'stop');
    } finally {
      context.live(record.id).restarting = false;
    }
  }
  try {
    await startContainer(context, record.id);
  } catch (error) {
    // Somebody was faster: it runs, as asked for.
    if (!isEngineError(error, 'not_modified')) throw error;
  }
  const after = context.collection.byId(record.id);
  if (after) announce(context, after, 'restart');
}
