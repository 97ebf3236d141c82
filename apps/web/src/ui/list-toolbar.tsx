'use client';
import { ListFilter, Search, SlidersHorizontal, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Button, IconButton } from './button.tsx';
import { cx } from './class-names.ts';
import type { Column } from './data-table.tsx';
import { Menu, MenuCheckbox } from './menu.tsx';
import { useDraft } from './use-draft.ts';

/** The line above a list: text filter, chips, counts, column choice. A bulk bar takes its place while rows are selected. */
export function ListToolbar({ children, bulk }: { children: ReactNode; bulk?: ReactNode }) {
  return (
    <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b px-6 py-1.5 max-md:px-4">
      {bulk || children}
    </div>
  );
}

/** `/` reaches it from anywhere on the page, Esc empties it. */
export function FilterInput({
  value,
  onChange,
  label,
}: {
  value: string;
  onChange: (value: string) => void;
  label: string;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useDraft(value, onChange);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as Element | null)?.closest('input, textarea, select, [contenteditable], .xterm');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <span className="relative flex w-60 items-center max-md:w-full">
      <Search className="pointer-events-none absolute left-2.5 size-3.5 text-faint" aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={draft}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setDraft('');
        }}
        className="h-8 w-full rounded-control border border-control bg-page pr-8 pl-8 hover:border-muted max-md:h-11 max-md:text-lg [&::-webkit-search-cancel-button]:hidden"
      />
      {draft && (
        <IconButton label="Clear filter" className="absolute right-0.5" onClick={() => setDraft('')} tooltip={false}>
          <X className="size-3.5" />
        </IconButton>
      )}
    </span>
  );
}

/** A filter that is on or off, with how many it holds. */
export function Chip({
  on,
  onToggle,
  count,
  children,
}: {
  on: boolean;
  onToggle: () => void;
  count?: number;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onToggle}
      className={cx(
        'inline-flex h-7 items-center gap-1.5 whitespace-nowrap rounded-control border px-2 text-sm transition-colors max-md:h-9',
        on ? 'border-text bg-text text-page' : 'border-line text-muted hover:border-control hover:text-text',
      )}
    >
      {children}
      {count !== undefined && <span className="mono">{count}</span>}
    </button>
  );
}

export function ColumnsMenu<T>({
  columns,
  visibility,
  onChange,
}: {
  columns: readonly Column<T>[];
  visibility: Readonly<Record<string, boolean>>;
  onChange: (visibility: Record<string, boolean>) => void;
}) {
  return (
    <Menu
      trigger={
        <IconButton label="Choose columns" tooltip={false} className="max-md:hidden">
          <SlidersHorizontal className="size-4" />
        </IconButton>
      }
    >
      {columns.map((column) => (
        <MenuCheckbox
          key={column.id}
          checked={visibility[column.id] ?? !column.optional}
          onChange={(on) => onChange({ ...visibility, [column.id]: on })}
        >
          {column.header}
        </MenuCheckbox>
      ))}
    </Menu>
  );
}

/** Says how many are selected and what can be done with them. */
export function BulkBar({ text, onClear, children }: { text: string; onClear: () => void; children: ReactNode }) {
  return (
    <div role="toolbar" aria-label={text} className="flex w-full flex-wrap items-center gap-2">
      <IconButton label="Clear selection" onClick={onClear}>
        <X className="size-4" />
      </IconButton>
      <span className="mr-2 font-medium" aria-live="polite">
        {text}
      </span>
      {children}
    </div>
  );
}

/** Nothing fits the filter, though there are rows. */
export function NoMatch({ text, clear, onClear }: { text: string; clear: string; onClear: () => void }) {
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-3 py-16 text-muted">
      <ListFilter className="size-5 text-faint" aria-hidden />
      <p>{text}</p>
      <Button size="sm" onClick={onClear}>
        {clear}
      </Button>
    </div>
  );
}
