import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import { exitCodeOf } from '../../lib/docker.ts';
import { overview } from '../../lib/strings/overview.ts';

export type Attention = { item: ContainerItem; reason: string };

const rank = new Map([
  ['unhealthy', 0],
  ['restarting', 1],
  ['dead', 2],
  ['failed', 3],
]);

/** Containers somebody should look at, the worst first, then the newest. */
export function needsAttention(items: readonly ContainerItem[]): Attention[] {
  return items
    .filter((item) => rank.has(item.state))
    .sort((a, b) => rank.get(a.state)! - rank.get(b.state)! || (b.since ?? 0) - (a.since ?? 0))
    .map((item) => ({ item, reason: reasonOf(item) }));
}

function reasonOf(item: ContainerItem): string {
  const { reasons } = overview;
  if (item.state === 'failed') return reasons.failed(String(exitCodeOf(item.summary.Status) ?? '?'));
  return item.state === 'unhealthy'
    ? reasons.unhealthy
    : item.state === 'restarting'
      ? reasons.restarting
      : reasons.dead;
}
