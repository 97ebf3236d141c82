import type { LiveEvent } from '@contract/realtime.ts';

/** The same happening to the same object again is one row with how often, where it last happened: a restart loop must not hide the rest. */
export function condense(newestFirst: readonly LiveEvent[]): { event: LiveEvent; times: number }[] {
  const rows = new Map<string, { event: LiveEvent; times: number }>();
  for (const event of newestFirst) {
    const key = [event.Type, event.Actor.ID, event.Action, event.Actor.Attributes.exitCode ?? ''].join(' ');
    const row = rows.get(key);
    if (row) row.times += 1;
    else rows.set(key, { event, times: 1 });
  }
  return [...rows.values()];
}
