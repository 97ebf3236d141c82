'use client';
import { ListTree } from 'lucide-react';
import { useMemo } from 'react';
import { usePreference } from '#lib/preferences.ts';
import { containers } from '#lib/strings/containers.ts';
import { IconButton } from '#ui/button.tsx';
import type { Grouping } from '#ui/data-table-groups.tsx';
import { type ContainerRow, inChip } from './rows.ts';

type Stacks = { on: boolean; collapsed: string[] };
const text = containers.group;
const ungrouped: Stacks = { on: false, collapsed: [] };

/** Grouping by stack: whether it is on and which stacks are closed is remembered for the user. */
export function useStacks() {
  const [stacks, setStacks] = usePreference<Stacks>('stacks.containers', ungrouped);
  const grouping = useMemo<Grouping<ContainerRow> | undefined>(() => {
    if (!stacks.on) return undefined;
    const collapsed = new Set(stacks.collapsed);
    return {
      of: (row) => row.stack ?? '',
      label: (key) => key || text.none,
      summary: (rows) => text.summary(rows.filter((row) => inChip(row, 'running')).length, rows.length),
      selectLabel: (key) => text.select(key || text.none),
      collapsed,
      onToggle: (key) => {
        const next = new Set(collapsed);
        if (!next.delete(key)) next.add(key);
        setStacks({ on: true, collapsed: [...next] });
      },
    };
  }, [stacks, setStacks]);
  const toggle = (
    <IconButton
      label={text.by}
      aria-pressed={stacks.on}
      className={stacks.on ? 'bg-press text-text' : undefined}
      onClick={() => setStacks({ ...stacks, on: !stacks.on })}
    >
      <ListTree className="size-4" />
    </IconButton>
  );
  return { grouping, toggle };
}
