import type { LiveEvent } from '@contract/realtime.ts';
import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import { exitCodeOf } from '../../lib/docker.ts';
import { overview } from '../../lib/strings/overview.ts';

export type Attention = { item: ContainerItem; state: ContainerItem['state']; reason: string };

const rank = new Map([
  ['unhealthy', 0],
  ['restarting', 1],
  ['dead', 2],
  ['failed', 3],
]);

/** So many failures within this time are a loop, also in the moments when the container runs. */
const LOOP_TIMES = 3;
const LOOP_MS = 10 * 60_000;
/** Ends that somebody asked for. */
const ASKED = new Set(['0', '130', '137', '143']);

/** What the list of containers does not tell, from what happened: `events` newest first. */
function fromEvents(events: readonly LiveEvent[], now: number) {
  const outOfMemory = new Set<string>();
  const settled = new Set<string>();
  const failures = new Map<string, number>();
  for (const { Type, Action, Actor, timeNano } of events) {
    if (Type !== 'container') continue;
    // Only what happened since the last start says something about this end.
    if (Action === 'oom' && !settled.has(Actor.ID)) outOfMemory.add(Actor.ID);
    if (Action === 'start') settled.add(Actor.ID);
    if (Action === 'die' && now - timeNano / 1e6 < LOOP_MS && !ASKED.has(Actor.Attributes.exitCode ?? '0'))
      failures.set(Actor.ID, (failures.get(Actor.ID) ?? 0) + 1);
  }
  return { outOfMemory, loops: (id: string) => (failures.get(id) ?? 0) >= LOOP_TIMES };
}

/** Containers somebody should look at, the worst first, then the newest. */
export function needsAttention(
  items: readonly ContainerItem[],
  events: readonly LiveEvent[] = [],
  now = Date.now(),
): Attention[] {
  const { outOfMemory, loops } = fromEvents(events, now);
  const { reasons } = overview;
  const judge = (item: ContainerItem): Attention | null => {
    const code = String(exitCodeOf(item.summary.Status ?? '') ?? '?');
    if (item.summary.State === 'exited' && code === '137' && outOfMemory.has(item.id))
      return { item, state: 'failed', reason: reasons.outOfMemory };
    if (item.state === 'restarting' || (item.summary.State === 'running' && loops(item.id)))
      return { item, state: 'restarting', reason: reasons.restarting };
    if (item.state === 'failed') return { item, state: 'failed', reason: reasons.failed(code) };
    if (item.state === 'unhealthy') return { item, state: 'unhealthy', reason: reasons.unhealthy };
    return item.state === 'dead' ? { item, state: 'dead', reason: reasons.dead } : null;
  };
  return items
    .map(judge)
    .filter((found) => found !== null)
    .sort((a, b) => rank.get(a.state)! - rank.get(b.state)! || (b.item.since ?? 0) - (a.item.since ?? 0));
}
