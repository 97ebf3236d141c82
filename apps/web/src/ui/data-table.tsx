// biome-ignore-all lint/a11y/useSemanticElements: a grid of rows positioned one by one, which a <table> cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus, its cells do not
'use client';
import {
  type ColumnDef,
  columnVisibilityFeature,
  createSortedRowModel,
  type Row,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useMemo, useRef, useState } from 'react';
import { cx } from './class-names.ts';
import { arrange, DataTableGroup, type Grouping } from './data-table-groups.tsx';
import { DataTableHead } from './data-table-head.tsx';
import { DataTableRow } from './data-table-row.tsx';
import { useMediaQuery } from './media.ts';

export type Column<T> = {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** What the column sorts by; a column without it does not sort. Nothing sorts last. */
  sort?: (row: T) => string | number | null | undefined;
  /** A track of a CSS grid, e.g. `minmax(160px, 2fr)` or `88px`. */
  width: string;
  align?: 'end';
  /** Off until somebody chooses it. */
  optional?: boolean;
};

export type Sort = { id: string; desc: boolean };

export type DataTableProps<T extends object> = {
  label: string;
  rows: readonly T[];
  rowId: (row: T) => string;
  columns: readonly Column<T>[];
  /** Columns switched on or off by the user, by id. */
  visibility?: Readonly<Record<string, boolean>>;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selected?: ReadonlySet<string>;
  onSelect?: (ids: ReadonlySet<string>) => void;
  selectLabel?: (row: T) => string;
  /** Enter, or a click that is on nothing else. */
  onOpen?: (row: T) => void;
  /** The two lines of a row at phone width. */
  compact: (row: T) => ReactNode;
  /** Ends each row: its actions. */
  actions?: (row: T) => ReactNode;
  actionsWidth?: string;
  /** When this text changes, the row flashes once. */
  version?: (row: T) => string;
  /** Puts the rows under headings that open and close. */
  grouping?: Grouping<T> | undefined;
  empty: ReactNode;
  loading?: boolean;
};

export const features = tableFeatures({
  rowSortingFeature,
  rowSelectionFeature,
  columnVisibilityFeature,
  sortedRowModel: createSortedRowModel(),
});
export type Features = typeof features;

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}

function toColumnDef<T extends object>(column: Column<T>): ColumnDef<Features, T> {
  return {
    id: column.id,
    accessorFn: (row: T) => column.sort?.(row) ?? undefined,
    enableSorting: !!column.sort,
    sortUndefined: 'last',
    sortFn: (a: Row<Features, T>, b: Row<Features, T>, id: string) => compareValues(a.getValue(id), b.getValue(id)),
  } as ColumnDef<Features, T>;
}

/** A list: sorted, selectable, usable by keyboard, virtualised; two-line rows at phone width. */
export function DataTable<T extends object>(props: DataTableProps<T>) {
  const { rows, columns, visibility, sort, selected, onSelect, actions } = props;
  const phone = useMediaQuery('(max-width: 767px)');
  const scroll = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);

  const table = useTable({
    features,
    data: rows as T[],
    columns: useMemo(() => columns.map(toColumnDef), [columns]),
    getRowId: props.rowId,
    state: {
      sorting: useMemo(() => [{ id: sort.id, desc: sort.desc }], [sort.id, sort.desc]),
      rowSelection: useMemo(() => Object.fromEntries([...(selected ?? [])].map((id) => [id, true])), [selected]),
      columnVisibility: useMemo(
        () => Object.fromEntries(columns.map((column) => [column.id, visibility?.[column.id] ?? !column.optional])),
        [columns, visibility],
      ),
    },
    onRowSelectionChange: (update) => {
      const current = Object.fromEntries([...(selected ?? [])].map((id) => [id, true as const]));
      const next = typeof update === 'function' ? update(current) : update;
      onSelect?.(new Set(Object.keys(next).filter((id) => next[id])));
    },
  });
  const model = table.getRowModel().rows;
  const items = useMemo(() => arrange(model, props.grouping), [model, props.grouping]);
  const shown = useMemo(
    () => columns.filter((column) => visibility?.[column.id] ?? !column.optional),
    [columns, visibility],
  );
  const template = [
    ...(onSelect ? ['36px'] : []),
    ...shown.map((column) => column.width),
    ...(actions ? [props.actionsWidth ?? '96px'] : []),
  ].join(' ');

  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => (phone ? (items[index]?.group ? 44 : 60) : 37),
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 12,
  });
  const count = items.length;
  const focusRow = useCallback(
    (index: number) => {
      const next = Math.max(0, Math.min(count - 1, index));
      setActive(next);
      virtualizer.scrollToIndex(next);
      requestAnimationFrame(() => scroll.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
    },
    [count, virtualizer],
  );

  if (!props.loading && rows.length === 0) return <>{props.empty}</>;
  return (
    <div
      ref={scroll}
      className="min-h-0 flex-1 overflow-auto overscroll-contain"
      role="grid"
      aria-label={props.label}
      aria-rowcount={items.length + 1}
      aria-multiselectable={!!onSelect}
      aria-busy={props.loading || undefined}
    >
      {!phone && (
        <DataTableHead
          columns={shown}
          template={template}
          sort={sort}
          onSort={props.onSort}
          selectAll={
            onSelect && {
              checked: table.getIsAllRowsSelected(),
              some: table.getIsSomeRowsSelected(),
              onChange: (checked) => table.toggleAllRowsSelected(checked),
            }
          }
          hasActions={!!actions}
        />
      )}
      <div
        role="rowgroup"
        className={cx('relative', !phone && 'min-w-max')}
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map((place) => {
          const item = items[place.index];
          if (!item) return null;
          const shared = {
            index: place.index,
            start: place.start,
            phone,
            active: place.index === Math.min(active, items.length - 1),
            onActive: setActive,
            onMove: focusRow,
          };
          if (item.row)
            return (
              <DataTableRow
                key={item.id}
                {...shared}
                row={item.row}
                columns={shown}
                template={template}
                table={props}
                picked={item.row.getIsSelected()}
              />
            );
          return props.grouping ? (
            <DataTableGroup
              key={item.id}
              {...shared}
              group={item.group}
              grouping={props.grouping}
              selected={selected}
              onSelect={onSelect}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}
