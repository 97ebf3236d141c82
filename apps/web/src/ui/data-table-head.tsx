// biome-ignore-all lint/a11y/useSemanticElements: a grid of rows positioned one by one, which a <table> cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus, its cells do not
import { ArrowDown, ArrowUp } from 'lucide-react';
import { Checkbox } from './checkbox.tsx';
import { cx } from './class-names.ts';
import type { Column, Sort } from './data-table.tsx';

type HeadProps<T> = {
  columns: readonly Column<T>[];
  template: string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selectAll: { checked: boolean; some: boolean; onChange: (checked: boolean) => void } | undefined;
  hasActions: boolean;
};

export function DataTableHead<T>({ columns, template, sort, onSort, selectAll, hasActions }: HeadProps<T>) {
  return (
    <div
      role="row"
      aria-rowindex={1}
      className="sticky top-0 z-10 grid h-8 min-w-max items-center border-b bg-page px-6 text-muted text-sm"
      style={{ gridTemplateColumns: template }}
    >
      {selectAll && (
        <span role="columnheader" className="flex items-center">
          <Checkbox
            checked={selectAll.checked}
            indeterminate={selectAll.some && !selectAll.checked}
            onChange={selectAll.onChange}
            label="Select all rows"
          />
        </span>
      )}
      {columns.map((column) => (
        <span
          key={column.id}
          role="columnheader"
          aria-sort={sort.id === column.id ? (sort.desc ? 'descending' : 'ascending') : undefined}
          className={cx('flex min-w-0 items-center pr-4', column.align === 'end' && 'justify-end pr-6')}
        >
          <SortButton column={column} sort={sort} onSort={onSort} />
        </span>
      ))}
      {hasActions && (
        <span role="columnheader">
          <span className="sr-only">Actions</span>
        </span>
      )}
    </div>
  );
}

function SortButton<T>({ column, sort, onSort }: Pick<HeadProps<T>, 'sort' | 'onSort'> & { column: Column<T> }) {
  if (!column.sort) return <span className="truncate">{column.header}</span>;
  const sorted = sort.id === column.id;
  const Arrow = sort.desc ? ArrowDown : ArrowUp;
  return (
    <button
      type="button"
      className={cx('flex min-w-0 items-center gap-1 rounded-[4px] hover:text-text', sorted && 'text-text')}
      onClick={() => onSort({ id: column.id, desc: sorted ? !sort.desc : false })}
    >
      <span className="truncate">{column.header}</span>
      {sorted && <Arrow className="size-3 shrink-0" aria-hidden />}
    </button>
  );
}
