'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ContainerInspect } from '#lib/docker.ts';
import { useLiveEvents } from '#lib/live.tsx';
import { dockerPath, request } from '#lib/request.ts';
import { containerKeys } from './keys.ts';

/** Probes and processes come and go without changing what inspect says. */
const QUIET = /^(exec_|top|attach|resize|copy|archive-path)/;

/** One container, kept true by its events. */
export function useContainer(host: string, id: string) {
  const client = useQueryClient();
  const queryKey = containerKeys.one(host, id);
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      request<ContainerInspect>(dockerPath(host, `/containers/${encodeURIComponent(id)}/json`), { signal }),
  });
  const again = () => void client.invalidateQueries({ queryKey });
  useLiveEvents(
    host,
    (event) => {
      const full = query.data?.Id ?? id;
      const concerns = event.Type === 'container' ? event.Actor.ID === full : event.Actor.Attributes.container === full;
      if (concerns && !QUIET.test(event.Action)) again();
    },
    again,
  );
  return query;
}
