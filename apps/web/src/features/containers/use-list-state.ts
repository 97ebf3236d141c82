'use client';
import { useMemo } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useAllStats } from '#lib/live.tsx';
import { useParam, useSortParam } from '#lib/url-state.ts';
import { type ChipId, chipIds, filterRows, inChip, toRow } from './rows.ts';

const byName = { id: 'name', desc: false };

/** The rows of the list with filter, chips and sort, all of which live in the address. */
export function useListState(host: string) {
  const query = useContainers(host);
  const stats = useAllStats(host);
  const [filter, setFilter] = useParam('q');
  const [state, setState] = useParam('state');
  const [sort, setSort] = useSortParam(byName);
  const chips = useMemo(() => chipIds.filter((chip) => state.split(',').includes(chip)), [state]);
  const all = useMemo(
    () =>
      (query.data ?? []).map((item) => toRow(item, item.summary.State === 'running' ? stats.get(item.id) : undefined)),
    [query.data, stats],
  );
  const rows = useMemo(() => filterRows(all, filter, chips), [all, filter, chips]);
  const toggleChip = (chip: ChipId) =>
    setState(chips.includes(chip) ? chips.filter((one) => one !== chip).join(',') : [...chips, chip].join(','));
  return {
    query,
    all,
    rows,
    sort,
    setSort,
    filter,
    setFilter,
    chips: chipIds.map((id) => ({ id, on: chips.includes(id), count: all.filter((row) => inChip(row, id)).length })),
    toggleChip,
    clear: () => {
      setFilter('');
      setState('');
    },
  };
}
