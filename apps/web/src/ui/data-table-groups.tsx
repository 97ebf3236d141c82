// biome-ignore-all lint/a11y/useSemanticElements: a grid of rows positioned one by one, which a <table> cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus, its cells do not
'use client';
import type { Row } from '@tanstack/react-table';
import { ChevronRight } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { Checkbox } from './checkbox.tsx';
import { cx } from './class-names.ts';
import type { Features } from './data-table.tsx';

/** How the rows of a list are put under headings. Rows keep their order within one; the heading '' stands last. */
export type Grouping<T> = {
  of: (row: T) => string;
  label: (key: string) => string;
  summary: (rows: readonly T[]) => ReactNode;
  selectLabel: (key: string) => string;
  collapsed: ReadonlySet<string>;
  onToggle: (key: string) => void;
};

export type GroupItem<T extends object> = { key: string; rows: Row<Features, T>[]; open: boolean };
export type TableItem<T extends object> =
  | { id: string; row: Row<Features, T>; group?: undefined }
  | { id: string; row?: undefined; group: GroupItem<T> };

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** What the list shows from top to bottom: headings, and the rows of those that are open. */
export function arrange<T extends object>(
  rows: readonly Row<Features, T>[],
  grouping: Pick<Grouping<T>, 'of' | 'collapsed'> | undefined,
): TableItem<T>[] {
  const plain = (row: Row<Features, T>): TableItem<T> => ({ id: row.id, row });
  if (!grouping) return rows.map(plain);
  const groups = Map.groupBy(rows, (row) => grouping.of(row.original));
  const keys = [...groups.keys()].sort((a, b) => Number(a === '') - Number(b === '') || collator.compare(a, b));
  return keys.flatMap((key) => {
    const group = { key, rows: groups.get(key) ?? [], open: !grouping.collapsed.has(key) };
    return [{ id: `group ${key}`, group }, ...(group.open ? group.rows.map(plain) : [])];
  });
}

type GroupProps<T extends object> = {
  group: GroupItem<T>;
  grouping: Grouping<T>;
  index: number;
  start: number;
  phone: boolean;
  active: boolean;
  selected: ReadonlySet<string> | undefined;
  onSelect: ((ids: ReadonlySet<string>) => void) | undefined;
  onActive: (index: number) => void;
  onMove: (index: number) => void;
};

/** The heading of a group: opens and closes it, and selects all its rows. */
export function DataTableGroup<T extends object>(props: GroupProps<T>) {
  const { group, grouping, index, selected, onSelect } = props;
  const toggle = () => grouping.onToggle(group.key);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === 'ArrowDown') props.onMove(index + 1);
    else if (event.key === 'ArrowUp') props.onMove(index - 1);
    else if (event.key === 'Home') props.onMove(0);
    else if (event.key === 'End') props.onMove(Number.MAX_SAFE_INTEGER);
    else if (event.key === 'Enter' || event.key === ' ') toggle();
    else if (event.key === 'ArrowRight' ? !group.open : event.key === 'ArrowLeft' && group.open) toggle();
    else return;
    event.preventDefault();
  };
  const chosen = group.rows.filter((row) => selected?.has(row.id)).length;
  const choose = (on: boolean) => {
    const next = new Set(selected);
    for (const row of group.rows) {
      if (on) next.add(row.id);
      else next.delete(row.id);
    }
    onSelect?.(next);
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      tabIndex={props.active ? 0 : -1}
      onFocus={() => props.onActive(index)}
      onKeyDown={onKeyDown}
      className={cx(
        'absolute inset-x-0 top-0 flex items-center border-b bg-panel px-6 outline-offset-[-2px] max-md:px-4',
        props.phone ? 'h-11' : 'h-[37px]',
      )}
      style={{ transform: `translateY(${props.start}px)` }}
    >
      {onSelect && (
        <span role="gridcell" className="flex w-9 items-center max-md:w-8">
          <Checkbox
            checked={chosen === group.rows.length}
            indeterminate={chosen > 0 && chosen < group.rows.length}
            label={grouping.selectLabel(group.key)}
            tabIndex={-1}
            onChange={choose}
          />
        </span>
      )}
      <span role="gridcell" className="flex min-w-0 flex-1 items-center">
        <button
          type="button"
          tabIndex={-1}
          aria-expanded={group.open}
          onClick={toggle}
          className="flex h-full min-w-0 items-center gap-1.5 rounded-[4px] py-1 text-left font-medium hover:underline"
        >
          <ChevronRight className={cx('size-4 shrink-0 text-muted', group.open && 'rotate-90')} aria-hidden />
          <span className="truncate">{grouping.label(group.key)}</span>
        </button>
        <span className="ml-3 truncate text-muted text-sm">
          {grouping.summary(group.rows.map((row) => row.original))}
        </span>
      </span>
    </div>
  );
}
