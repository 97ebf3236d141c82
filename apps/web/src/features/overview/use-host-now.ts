'use client';
import type { HostNow } from '@contract/rest.ts';
import { useQuery } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { overviewKeys } from './keys.ts';

const PERIOD = 3000;

/** The machine now, asked every 3 s while the page is seen, with the last ten minutes of it, which the engine keeps. */
export function useHostNow(host: string) {
  const query = useQuery({
    queryKey: overviewKeys.now(host),
    queryFn: ({ signal }) => request<HostNow>(`/api/v1/hosts/${encodeURIComponent(host)}/now`, { signal }),
    refetchInterval: PERIOD,
    staleTime: 0,
  });
  const now = query.data;
  return { query, now, past: now ? [...(now.history ?? []), now] : [] };
}
