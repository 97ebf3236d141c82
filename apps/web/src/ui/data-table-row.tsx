// biome-ignore-all lint/a11y/useSemanticElements: a grid of rows positioned one by one, which a <table> cannot be
// biome-ignore-all lint/a11y/useFocusableInteractive: a row takes the focus, its cells do not
'use client';
import type { Row } from '@tanstack/react-table';
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useRef } from 'react';
import { Checkbox } from './checkbox.tsx';
import { cx } from './class-names.ts';
import type { Column, DataTableProps, Features } from './data-table.tsx';

type RowProps<T extends object> = {
  row: Row<Features, T>;
  index: number;
  start: number;
  columns: readonly Column<T>[];
  template: string;
  phone: boolean;
  table: DataTableProps<T>;
  active: boolean;
  picked: boolean;
  onActive: (index: number) => void;
  onMove: (index: number) => void;
};

const interactive = 'a, button, input, select, textarea, label, [role="checkbox"], [role="menuitem"]';

/** A click on a control of the row, or one that ends a selection of text, is not a click on the row. */
function onControl(event: MouseEvent | KeyboardEvent): boolean {
  const target = event.target as Element;
  if (!event.currentTarget.contains(target)) return true;
  const control = target.closest(interactive);
  return (!!control && event.currentTarget.contains(control)) || !!getSelection()?.toString();
}

/** A row that changed flashes its background once; nothing else moves. */
function useFlash(version: string | undefined) {
  const element = useRef<HTMLDivElement>(null);
  const last = useRef(version);
  useEffect(() => {
    if (last.current === version) return;
    last.current = version;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const flash = 'color-mix(in oklch, var(--accent) 8%, transparent)';
    element.current?.animate([{ backgroundColor: flash }, { backgroundColor: 'transparent' }], { duration: 900 });
  }, [version]);
  return element;
}

function UnmemoisedRow<T extends object>(props: RowProps<T>) {
  const { row, index, start, columns, template, phone, table, picked } = props;
  const item = row.original;
  const element = useFlash(table.version?.(item));

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== event.currentTarget) return;
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 };
    const move = moves[event.key];
    if (move !== undefined) props.onMove(index + move);
    else if (event.key === 'Home') props.onMove(0);
    else if (event.key === 'End') props.onMove(Number.MAX_SAFE_INTEGER);
    else if (event.key === 'Enter' && table.onOpen) table.onOpen(item);
    else if (event.key === ' ' && table.onSelect) row.toggleSelected();
    else return;
    event.preventDefault();
  };
  const toggle = row.getToggleSelectedHandler();
  const select = table.onSelect && (
    <Checkbox
      checked={picked}
      label={table.selectLabel?.(item) ?? 'Select row'}
      tabIndex={-1}
      onChange={(checked, event) =>
        toggle({ target: { checked }, shiftKey: 'shiftKey' in event && event.shiftKey === true })
      }
    />
  );

  return (
    <div
      ref={element}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={table.onSelect ? picked : undefined}
      data-index={index}
      tabIndex={props.active ? 0 : -1}
      onFocus={() => props.onActive(index)}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (table.onOpen && !onControl(event)) table.onOpen(item);
      }}
      className={cx(
        'group/row absolute inset-x-0 top-0 grid items-center border-b px-6 outline-offset-[-2px] max-md:px-4',
        phone ? 'h-15' : 'h-[37px]',
        table.onOpen && 'cursor-default',
        picked ? 'bg-press' : 'hover:bg-hover',
      )}
      style={{
        transform: `translateY(${start}px)`,
        gridTemplateColumns: phone ? `${select ? '32px ' : ''}minmax(0, 1fr)${table.actions ? ' auto' : ''}` : template,
      }}
    >
      {select && (
        <span role="gridcell" className="flex items-center">
          {select}
        </span>
      )}
      {phone ? (
        <div role="gridcell" className="min-w-0">
          {table.compact(item)}
        </div>
      ) : (
        columns.map((column) => (
          <div
            key={column.id}
            role="gridcell"
            className={cx('min-w-0 truncate pr-4', column.align === 'end' && 'pr-6 text-right')}
          >
            {column.cell(item)}
          </div>
        ))
      )}
      {table.actions && (
        <div role="gridcell" className="flex items-center justify-end gap-0.5">
          {table.actions(item)}
        </div>
      )}
    </div>
  );
}

/** While the list scrolls only the rows that come into view are drawn. */
export const DataTableRow = memo(UnmemoisedRow) as typeof UnmemoisedRow;
