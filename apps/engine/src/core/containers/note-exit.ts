import { parseNano } from '#lib/time.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import type { ContainerExit } from './ports.ts';
import { nextDelay, shouldRestart } from './restart-policy.ts';
import { assertTransition } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';

/** State, events and whoever waits; nothing here takes time. */
export function noteExit(context: Context, record: ContainerRecord, exit: ContainerExit): ContainerRecord {
  const { id } = record;
  context.health.stop(id);
  context.live(id).pendingExit = undefined;
  const ranForMs = durationMs(record.state.startedAt, exit.finishedAt);
  const stopped = { ...record, state: { ...record.state, exitCode: exit.exitCode } };
  const restart = shouldRestart(stopped) && !context.live(id).removing;
  const status = restart ? 'restarting' : 'exited';
  assertTransition(record.state.status, status);
  const after =
    context.collection.change(id, {
      state: {
        status,
        pid: 0,
        pidStartTime: 0,
        exitCode: exit.exitCode,
        oomKilled: exit.oomKilled,
        finishedAt: later(record.state.startedAt, exit.finishedAt),
        ...(record.state.health ? { health: { ...record.state.health, Status: 'unhealthy' as const } } : {}),
      },
    }) ?? record;
  const live = context.live(id);
  live.restartDelay = nextDelay(live.restartDelay, ranForMs);
  if (exit.oomKilled) announce(context, after, 'oom');
  announce(context, after, 'die', {
    exitCode: String(exit.exitCode),
    execDuration: String(Math.floor(ranForMs / 1000)),
  });
  context.waits.exited(id, { exitCode: exit.exitCode });
  return after;
}

/** Times of files come from the kernel's tick, up to 10 ms (CONFIG_HZ=100) behind the clock. */
const TICK_NS = 10_000_000n;

/** What ended within the tick in which it began did not end before that. Anything more is a clock that was set. */
function later(startedAt: string, finishedAt: string): string {
  const start = parseNano(startedAt);
  const end = parseNano(finishedAt);
  return start !== null && end !== null && end < start && start - end <= TICK_NS ? startedAt : finishedAt;
}

function durationMs(from: string, to: string): number {
  const start = parseNano(from);
  const end = parseNano(to);
  return start === null || end === null || end < start ? 0 : Number((end - start) / 1_000_000n);
}

/** The user's stop reaches a container that waits for its next start. */
export async function cancelRestart(context: Context, record: ContainerRecord): Promise<void> {
  const live = context.live(record.id);
  clearTimeout(live.restartTimer);
  live.restartTimer = undefined;
  context.collection.change(record.id, { state: { status: 'exited', stoppedByUser: true } });
  await context.collection.save(record.id);
  context.waits.exited(record.id, { exitCode: record.state.exitCode });
}
