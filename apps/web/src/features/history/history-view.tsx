'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import type { AuditPage } from '@contract/rest.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useEventBatches } from '#lib/collections/use-event-batches.ts';
import { dockerPath, messageOf, open, request } from '#lib/request.ts';
import { historyWords as words } from '#lib/strings/container.ts';
import { Badge } from '#ui/badge.tsx';
import { Chip } from '#ui/list-toolbar.tsx';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { type DockerEvent, type HistoryItem, isExec, mergeHistory } from './merge.ts';

/** The stored events of one container: `since` the beginning, `until` now, so that the answer ends. */
async function readEvents(host: string, container: string, signal: AbortSignal): Promise<DockerEvent[]> {
  const query = {
    // Docker takes 0 for no beginning at all.
    since: 1,
    until: (Date.now() / 1000).toFixed(3),
    filters: JSON.stringify({ container: [container] }),
  };
  const text = await (await open(dockerPath(host, '/events'), { query, signal })).text();
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as DockerEvent);
}

function useHistory(host: string, container: string) {
  const client = useQueryClient();
  const queryKey = ['container-history', host, container];
  const again = () => void client.invalidateQueries({ queryKey });
  const concerns = (event: LiveEvent) => event.Actor.ID === container || event.Actor.Attributes.container === container;
  useEventBatches(host, concerns, again, again);
  return useQuery({
    queryKey,
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const [events, audit] = await Promise.all([
        readEvents(host, container, signal),
        request<AuditPage>('/api/v1/audit', { query: { object: container, limit: 500 }, signal }),
      ]);
      return { events, rows: audit.rows };
    },
  });
}

type Source = 'all' | 'event' | 'audit';

/** What happened to the container, beside who asked for it. */
export function HistoryView({ host, container }: { host: string; container: string }) {
  const history = useHistory(host, container);
  const [source, setSource] = useState<Source>('all');
  const items = mergeHistory(
    source === 'audit' ? [] : (history.data?.events ?? []).filter((event) => source === 'event' || !isExec(event)),
    source === 'event' ? [] : (history.data?.rows ?? []),
  );
  const chip = (id: Source, label: string) => (
    <Chip on={source === id} onToggle={() => setSource(id)}>
      {label}
    </Chip>
  );
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-6 py-4 max-md:px-4">
      <fieldset className="mb-3 flex gap-2" aria-label={words.source}>
        {chip('all', words.all)}
        {chip('event', words.events)}
        {chip('audit', words.changes)}
      </fieldset>
      {history.error && (
        <Problem title={words.failed} onRetry={() => void history.refetch()}>
          {messageOf(history.error)}
        </Problem>
      )}
      {history.data && items.length === 0 && (
        <div className="py-12 text-center">
          <p>{words.empty}</p>
          <p className="text-muted text-sm">{words.emptyText}</p>
        </div>
      )}
      <ol className="panel divide-y overflow-hidden empty:hidden">
        {items.map((item) => (
          <Item key={item.key} item={item} />
        ))}
      </ol>
    </div>
  );
}

/** `2026-11-21 09:12:03`, in local time: columns of times are for comparing. */
function clock(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function Item({ item }: { item: HistoryItem }) {
  return (
    <li className="flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5">
      <span className="mono w-44 shrink-0 text-faint">{clock(item.at)}</span>
      {item.kind === 'event' ? <EventText item={item} /> : <AuditText row={item.row} times={item.times} />}
      <RelativeTime time={item.at} className="ml-auto text-faint text-sm" />
    </li>
  );
}

function EventText({ item }: { item: HistoryItem & { kind: 'event' } }) {
  return (
    <>
      <span>{item.action}</span>
      <Times count={item.times} />
      <span className="mono text-muted">{item.detail}</span>
    </>
  );
}

function Times({ count }: { count: number }) {
  return count > 1 && <span className="mono text-faint">×{count}</span>;
}

function AuditText({ row, times }: { row: (HistoryItem & { kind: 'audit' })['row']; times: number }) {
  return (
    <>
      <span className="font-medium">{row.action}</span>
      <Times count={times} />
      <span className="text-muted">
        {words.by(row.actor.name)}
        {row.from && ` · ${row.from}`}
      </span>
      {row.decision === 'deny' && <Badge tone="watch">{words.refused}</Badge>}
      {row.decision === 'allow' && row.result === 'error' && <Badge tone="bad">{words.error}</Badge>}
      {row.error && <span className="min-w-0 break-words text-muted text-sm">{row.error}</span>}
      <span className="mono text-faint text-xs">{words.took(row.durationMs)}</span>
    </>
  );
}
