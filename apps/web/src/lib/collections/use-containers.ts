'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ContainerSummary, containerName, statusAge, summaryState } from '../docker.ts';
import { dockerPath, request } from '../request.ts';
import { collectionKeys } from './keys.ts';
import { useEventBatches } from './use-event-batches.ts';

/** One container of a list. `since`: when its present state began, milliseconds since the epoch, as exactly as the list tells. */
export type ContainerItem = {
  id: string;
  name: string;
  state: ReturnType<typeof summaryState>;
  since: number | null;
  summary: ContainerSummary;
};

/** More than this many changed at once: the whole list is asked for again. */
const PATCH_LIMIT = 40;
const SILENT = /^(exec_|top$|attach$|detach$|resize$|export$|copy$|archive-path$|extract-to-dir$)/;

export function toItem(summary: ContainerSummary, now: number): ContainerItem {
  const age = statusAge(summary.Status ?? '');
  return {
    id: summary.Id,
    name: containerName(summary),
    state: summaryState(summary),
    since: age === null ? null : now - age,
    summary,
  };
}

async function fetchContainers(host: string, ids?: string[], signal?: AbortSignal): Promise<ContainerItem[]> {
  const list = await request<ContainerSummary[]>(dockerPath(host, '/containers/json'), {
    query: { all: 1, filters: ids ? JSON.stringify({ id: ids }) : undefined },
    signal,
  });
  const now = Date.now();
  return list.map((summary) => toItem(summary, now));
}

/** Puts what changed into the list: `fresh` replaces or joins, `asked` without an answer are gone. */
export function mergeContainers(
  old: ContainerItem[],
  asked: ReadonlySet<string>,
  fresh: ContainerItem[],
): ContainerItem[] {
  const byId = new Map(fresh.map((item) => [item.id, item]));
  const kept = old.flatMap((item) => {
    const next = byId.get(item.id);
    if (!next) return asked.has(item.id) ? [] : [item];
    byId.delete(item.id);
    // The same state in the same words began when it began: a coarser age must not move it.
    const same = next.state === item.state && next.summary.State === item.summary.State;
    return [
      same && next.since && item.since && Math.abs(next.since - item.since) < 90_000
        ? { ...next, since: item.since }
        : next,
    ];
  });
  return [...byId.values(), ...kept];
}

function concerns(event: LiveEvent): boolean {
  if (event.Type === 'container') return !SILENT.test(event.Action);
  return event.Type === 'network' && /connect$/.test(event.Action);
}

/** All containers of a host, kept true by events: what an event names is asked for again, the rest stays. */
export function useContainers(host: string) {
  const client = useQueryClient();
  const queryKey = collectionKeys.containers(host);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => fetchContainers(host, undefined, signal),
    // While nothing showed the list, nobody listened to the events that keep it true.
    refetchOnMount: 'always',
  });
  const refresh = () => void client.invalidateQueries({ queryKey });
  useEventBatches(
    host,
    concerns,
    (events) => {
      const ids = new Set(
        events.map((event) => (event.Type === 'network' ? (event.Actor.Attributes.container ?? '') : event.Actor.ID)),
      );
      ids.delete('');
      const old = client.getQueryData<ContainerItem[]>(queryKey);
      // An answer under way may be older than the event, and would overwrite what is asked now.
      if (!old || ids.size > PATCH_LIMIT || client.isFetching({ queryKey }) > 0) return refresh();
      fetchContainers(host, [...ids])
        .then((fresh) =>
          client.setQueryData<ContainerItem[]>(queryKey, (now) => now && mergeContainers(now, ids, fresh)),
        )
        .catch(refresh);
    },
    refresh,
  );
  return query;
}
