import { auditScope } from '#core/audit/scope.ts';
import type { Context } from './context.ts';
import { noteExit } from './note-exit.ts';
import type { ContainerExit } from './ports.ts';
import { removeLocked } from './remove.ts';
import { startLocked } from './start.ts';
import { isLive } from './state-machine.ts';
import { takeDown } from './take-down.ts';
import type { ContainerRecord } from './types.ts';

/**
 * A container's process ended. First everybody is told, then what it held is
 * given back, then it is started again or removed when that was asked for. The
 * row is written before the runtime forgets the exit code, so that a crash in
 * between finds it again.
 */
export function handleExit(context: Context, exit: ContainerExit): Promise<void> {
  // A removal that holds the lock finds it here.
  context.live(exit.id).pendingExit = exit;
  const pid = context.collection.byId(exit.id)?.state.pid;
  // Whoever's request made it end, what follows is the engine's own work.
  return auditScope.exit(() =>
    context.lock(exit.id, async () => {
      const record = context.collection.byId(exit.id);
      if (!record) {
        context.forget(exit.id);
        return;
      }
      // Noted by a removal, or the end of a start that failed while the next one was already waiting.
      if (!isLive(record) || record.state.pid !== pid) return;
      const after = noteExit(context, record, exit);
      const cleanup = giveBack(context, after);
      context.cleanups.add(cleanup);
      await cleanup.finally(() => context.cleanups.delete(cleanup));
      await goOn(context, exit.id);
    }),
  );
}

async function giveBack(context: Context, record: ContainerRecord): Promise<void> {
  try {
    await context.collection.save(record.id);
  } catch (error) {
    // The exit code is still with the runtime: the next boot reads it again.
    context.log.error({ id: record.id, err: error }, 'saving an exit');
  }
  await takeDown(context, record);
}

/** After the clean-up: the restart policy's or `--rm`'s turn. */
async function goOn(context: Context, id: string): Promise<void> {
  const record = context.collection.byId(id);
  const live = context.live(id);
  if (!record || live.removing) return;
  if (record.state.status === 'restarting') {
    scheduleRestart(context, id, live.restartDelay);
  } else if (record.hostConfig.AutoRemove && !live.restarting) {
    await removeLocked(context, record, { volumes: true }).catch((error: unknown) => {
      context.log.error({ id, err: error }, 'removing a container that asked for it');
    });
  }
}

export function scheduleRestart(context: Context, id: string, delayMs: number): void {
  const live = context.live(id);
  clearTimeout(live.restartTimer);
  live.restartTimer = setTimeout(() => {
    live.restartTimer = undefined;
    void context.lock(id, () => restartByPolicy(context, id));
  }, delayMs);
}

async function restartByPolicy(context: Context, id: string): Promise<void> {
  const record = context.collection.byId(id);
  if (record?.state.status !== 'restarting' || context.live(id).removing) return;
  context.collection.change(id, { restartCount: record.restartCount + 1 });
  try {
    await startLocked(context, id, { fresh: false });
  } catch (error) {
    context.log.warn({ id, err: error }, 'restarting by policy failed');
    const failed = context.collection.byId(id);
    if (failed) context.waits.exited(id, { exitCode: failed.state.exitCode, error: failed.state.error });
  }
}
