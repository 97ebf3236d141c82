'use client';
import type { HostNow } from '@contract/rest.ts';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { request } from '#lib/request.ts';
import { overviewKeys } from './keys.ts';

const PERIOD = 3000;
const KEPT = 60;

/** The machine now, asked every 3 s while the page is seen, with the last three minutes of it. */
export function useHostNow(host: string) {
  const query = useQuery({
    queryKey: overviewKeys.now(host),
    queryFn: ({ signal }) => request<HostNow>(`/api/v1/hosts/${encodeURIComponent(host)}/now`, { signal }),
    refetchInterval: PERIOD,
    staleTime: 0,
  });
  const [past, setPast] = useState<readonly HostNow[]>([]);
  const now = query.data;
  useEffect(() => {
    if (now) setPast((old) => (old.at(-1)?.at === now.at ? old : [...old, now].slice(-KEPT)));
  }, [now]);
  return { query, now, past };
}
