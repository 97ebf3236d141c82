import type { AuditRow } from '@contract/rest.ts';

/** A Docker event as `GET /events` streams it. */
export type DockerEvent = {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  time: number;
  timeNano: number;
};

export type HistoryItem =
  | { kind: 'event'; at: number; key: string; times: number; action: string; detail: string }
  | { kind: 'audit'; at: number; key: string; times: number; row: AuditRow };

/** Newest first; what happened beside who asked for it. The same thing several times in a row is one item that counts. */
export function mergeHistory(events: readonly DockerEvent[], rows: readonly AuditRow[]): HistoryItem[] {
  const items: HistoryItem[] = [
    ...events.map(
      (event, index): HistoryItem => ({
        kind: 'event',
        at: event.timeNano / 1e6,
        times: 1,
        key: `e${event.timeNano}-${index}`,
        action: event.Action,
        detail: detailOf(event),
      }),
    ),
    ...rows.map((row): HistoryItem => ({ kind: 'audit', at: Date.parse(row.at), key: `a${row.seq}`, times: 1, row })),
  ];
  items.sort((a, b) => b.at - a.at);
  return items.reduce<HistoryItem[]>((merged, item) => {
    const last = merged.at(-1);
    if (last && sameThing(last, item)) last.times++;
    else merged.push(item);
    return merged;
  }, []);
}

/** Further apart than this it is another occasion. */
const TOGETHER_MS = 10_000;

function sameThing(a: HistoryItem, b: HistoryItem): boolean {
  if (a.at - b.at > TOGETHER_MS) return false;
  if (a.kind === 'event') return b.kind === 'event' && a.action === b.action && a.detail === b.detail;
  if (b.kind === 'event') return false;
  const same = (key: 'action' | 'result' | 'decision' | 'from' | 'error') => a.row[key] === b.row[key];
  return (
    same('action') &&
    same('result') &&
    same('decision') &&
    same('from') &&
    same('error') &&
    a.row.actor.id === b.row.actor.id
  );
}

/** Every probe of health is three of these; beside the rows of who opened what they only hide the rest. */
export const isExec = (event: DockerEvent): boolean => event.Action.startsWith('exec_');

/** What an event says beyond its name. */
function detailOf(event: DockerEvent): string {
  const { exitCode, signal, execDuration, execID, container, image } = event.Actor.Attributes;
  const parts: string[] = [];
  if (exitCode !== undefined) parts.push(`exit code ${exitCode}`);
  if (signal !== undefined) parts.push(`signal ${signal}`);
  if (execDuration !== undefined) parts.push(`ran ${execDuration} s`);
  if (execID !== undefined) parts.push(execID.slice(0, 12));
  if (event.Type === 'network' && container) parts.push(event.Actor.Attributes.name ?? '');
  if (event.Action === 'create' && image) parts.push(image);
  return parts.join(', ');
}
