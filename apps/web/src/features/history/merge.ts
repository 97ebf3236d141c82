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
  | { kind: 'event'; at: number; key: string; action: string; detail: string }
  | { kind: 'audit'; at: number; key: string; row: AuditRow };

/** Newest first; what happened beside who asked for it. */
export function mergeHistory(events: readonly DockerEvent[], rows: readonly AuditRow[]): HistoryItem[] {
  const items: HistoryItem[] = [
    ...events.map(
      (event, index): HistoryItem => ({
        kind: 'event',
        at: event.timeNano / 1e6,
        key: `e${event.timeNano}-${index}`,
        action: event.Action,
        detail: detailOf(event),
      }),
    ),
    ...rows.map((row): HistoryItem => ({ kind: 'audit', at: Date.parse(row.at), key: `a${row.seq}`, row })),
  ];
  return items.sort((a, b) => b.at - a.at);
}

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
