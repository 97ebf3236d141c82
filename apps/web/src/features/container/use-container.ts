'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useEventBatches } from '#lib/collections/use-event-batches.ts';
import type { ContainerInspect } from '#lib/docker.ts';
import { dockerPath, RequestError, request } from '#lib/request.ts';
import { containerKeys } from './keys.ts';

/** Probes and processes come and go without changing what inspect says. */
const QUIET = /^(exec_|top|attach|resize|copy|archive-path)/;

/** One container, kept true by its events. `gone`: it was removed, or never was. */
export function useContainer(host: string, id: string) {
  const client = useQueryClient();
  const [gone, setGone] = useState(false);
  const queryKey = containerKeys.one(host, id);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      request<ContainerInspect>(dockerPath(host, `/containers/${encodeURIComponent(id)}/json`), { signal }),
    // While its page was not open, nobody listened to its events.
    refetchOnMount: 'always',
  });
  const again = () => void client.invalidateQueries({ queryKey });
  useEventBatches(
    host,
    (event) => {
      const full = query.data?.Id ?? id;
      const concerns = event.Type === 'container' ? event.Actor.ID === full : event.Actor.Attributes.container === full;
      return concerns && !QUIET.test(event.Action);
    },
    (events) => {
      // Asking for what is known to be gone would only bring an error.
      if (events.some((event) => event.Type === 'container' && event.Action === 'destroy')) setGone(true);
      else again();
    },
    again,
  );
  return { query, gone: gone || (query.error instanceof RequestError && query.error.status === 404) };
}
