'use client';
import { useMemo } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useImages } from '#lib/collections/use-lists.ts';
import { useParam, useSortParam } from '#lib/url-state.ts';
import { filterImages, type ImageChip, imageChips, inImageChip, toImageRows } from './rows.ts';

const newest = { id: 'created', desc: false };

export function useImageList(host: string) {
  const query = useImages(host);
  const containers = useContainers(host);
  const [filter, setFilter] = useParam('q');
  const [state, setState] = useParam('state');
  const [opened, setOpened] = useParam('image');
  const [sort, setSort] = useSortParam(newest);
  const chips = useMemo(() => imageChips.filter((chip) => state.split(',').includes(chip)), [state]);
  const all = useMemo(() => toImageRows(query.data ?? [], containers.data ?? []), [query.data, containers.data]);
  const rows = useMemo(() => filterImages(all, filter, chips), [all, filter, chips]);
  const toggleChip = (chip: ImageChip) =>
    setState(chips.includes(chip) ? chips.filter((one) => one !== chip).join(',') : [...chips, chip].join(','));
  return {
    query,
    all,
    rows,
    sort,
    setSort,
    filter,
    setFilter,
    opened: all.find((row) => row.id === opened) ?? null,
    setOpened,
    chips: imageChips.map((id) => ({
      id,
      on: chips.includes(id),
      count: all.filter((row) => inImageChip(row, id)).length,
    })),
    toggleChip,
    clear: () => {
      setFilter('');
      setState('');
    },
  };
}
