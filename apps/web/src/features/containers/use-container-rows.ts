'use client';
import { useMemo } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useAllStats } from '#lib/live.tsx';
import { toRow } from './rows.ts';

/** Containers with what they use now. */
export function useContainerRows(host: string) {
  const query = useContainers(host);
  const stats = useAllStats(host);
  const all = useMemo(
    () =>
      (query.data ?? []).map((item) => toRow(item, item.summary.State === 'running' ? stats.get(item.id) : undefined)),
    [query.data, stats],
  );
  return { query, all };
}
