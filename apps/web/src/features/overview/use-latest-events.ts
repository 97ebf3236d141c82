'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLiveEvents } from '#lib/live.tsx';
import { dockerPath, requestLines } from '#lib/request.ts';
import { overviewKeys } from './keys.ts';

/** Rows that repeat become one, so that more than is shown is kept. */
const KEPT = 500;
const PAST_SECONDS = 24 * 3600;

/** Events of running commands and of terminals say little here. */
function worthTelling(event: LiveEvent): boolean {
  return !/^(exec_|attach|detach|resize|top|archive-path|extract-to-dir|health_status: healthy|mount|unmount|connect|disconnect)/.test(
    event.Action,
  );
}

async function pastEvents(host: string, signal: AbortSignal): Promise<LiveEvent[]> {
  const until = Date.now() / 1000;
  const events: LiveEvent[] = [];
  const lines = requestLines<LiveEvent>(dockerPath(host, '/events'), {
    query: { since: Math.floor(until) - PAST_SECONDS, until: until.toFixed(3) },
    signal,
  });
  for await (const event of lines) {
    if (worthTelling(event)) events.push({ ...event, host });
    if (events.length > KEPT) events.shift();
  }
  return events.reverse();
}

/** The newest events first: those of the last day, then each as it happens. */
export function useLatestEvents(host: string) {
  const client = useQueryClient();
  const queryKey = overviewKeys.events(host);
  const query = useQuery({ queryKey, queryFn: ({ signal }) => pastEvents(host, signal), staleTime: 0 });
  useLiveEvents(
    host,
    (event) => {
      if (!worthTelling(event)) return;
      client.setQueryData<LiveEvent[]>(queryKey, (old) => {
        if (!old || old.some((one) => one.timeNano === event.timeNano && one.Actor.ID === event.Actor.ID)) return old;
        return [event, ...old].slice(0, KEPT);
      });
    },
    () => void client.invalidateQueries({ queryKey }),
  );
  return query;
}
