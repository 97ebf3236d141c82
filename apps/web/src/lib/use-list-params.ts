'use client';
import { useMemo, useState } from 'react';
import { useParam, useSortParam } from './url-state.ts';
import type { Failure } from './use-batch.ts';

const nothing: ReadonlySet<string> = new Set();

/** What every list keeps in the address: filter, chips, sort and which row is open. */
export function useListParams<Chip extends string>(
  fallback: { id: string; desc: boolean },
  chipIds: readonly Chip[],
  openParam = 'open',
) {
  const [filter, setFilter] = useParam('q');
  const [state, setState] = useParam('state');
  const [openId, setOpenId] = useParam(openParam);
  const [sort, onSort] = useSortParam(fallback);
  const chips = useMemo(() => chipIds.filter((chip) => state.split(',').includes(chip)), [state, chipIds]);
  return {
    filter,
    setFilter,
    chips,
    toggleChip: (chip: Chip) =>
      setState(chips.includes(chip) ? chips.filter((one) => one !== chip).join(',') : [...chips, chip].join(',')),
    clear: () => {
      setFilter('');
      setState('');
    },
    sort,
    onSort,
    openId,
    setOpenId,
  };
}

/** Which of the rows shown are selected, and what went wrong with those acted on. */
export function useSelection<Row extends { id: string }>(rows: readonly Row[]) {
  const [picked, setPicked] = useState(nothing);
  const [failures, setFailures] = useState<Failure[]>([]);
  const selectedRows = useMemo(() => rows.filter((row) => picked.has(row.id)), [rows, picked]);
  const selected = useMemo(() => new Set(selectedRows.map((row) => row.id)), [selectedRows]);
  return { selected, selectedRows, onSelect: setPicked, clear: () => setPicked(nothing), failures, setFailures };
}
