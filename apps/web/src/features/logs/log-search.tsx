'use client';
import { ChevronDown, ChevronUp, EyeOff, ListFilter, Regex, Search } from 'lucide-react';
import { type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { logs as words } from '#lib/strings/logs.ts';
import { IconButton } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import type { LineQuery } from './use-line-view.ts';

type BoxProps = {
  input?: RefObject<HTMLInputElement | null>;
  icon: ReactNode;
  label: string;
  value: string;
  error?: string | null;
  onChange: (value: string) => void;
  onEnter?: (backwards: boolean) => void;
  children: ReactNode;
};

function Box({ input, icon, label, value, error, onChange, onEnter, children }: BoxProps) {
  return (
    <span
      className={cx(
        'flex h-8 min-w-0 items-center gap-1 rounded-control border bg-page pr-0.5 pl-2.5 text-faint focus-within:outline-2 focus-within:outline-focus max-md:h-11 max-md:basis-[40%] max-md:flex-1',
        error ? 'border-bad' : 'border-control hover:border-muted',
      )}
    >
      {icon}
      <input
        ref={input}
        type="text"
        aria-label={label}
        aria-invalid={error ? true : undefined}
        title={error ?? undefined}
        placeholder={label}
        value={value}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        className="h-full w-28 min-w-0 flex-1 bg-transparent px-1 text-text outline-none max-md:text-lg"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            onChange('');
            event.currentTarget.blur();
          } else if (event.key === 'Enter') onEnter?.(event.shiftKey);
        }}
      />
      {children}
    </span>
  );
}

const toggle = (on: boolean) => cx('size-6 max-md:size-9', on && 'bg-press text-text');

export function LogFilterBox({ query, onQuery }: { query: LineQuery; onQuery: (change: Partial<LineQuery>) => void }) {
  return (
    <Box
      icon={<ListFilter className="size-3.5 shrink-0" aria-hidden />}
      label={words.filter}
      value={query.filter}
      onChange={(filter) => onQuery({ filter })}
    >
      <IconButton
        label={words.invert}
        aria-pressed={query.invert}
        className={toggle(query.invert)}
        onClick={() => onQuery({ invert: !query.invert })}
      >
        <EyeOff className="size-3.5" />
      </IconButton>
    </Box>
  );
}

type SearchProps = {
  query: LineQuery;
  onQuery: (change: Partial<LineQuery>) => void;
  hits: number;
  hitAt: number;
  error: string | null;
  onStep: (by: 1 | -1) => void;
};

/** `/` reaches it, Enter and Shift-Enter step through what is found, Esc ends it. */
export function LogSearchBox({ query, onQuery, hits, hitAt, error, onStep }: SearchProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = (event.target as Element | null)?.closest('input, textarea, select, [contenteditable], .xterm');
      if (event.key !== '/' || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const idle = hits === 0;
  return (
    <Box
      input={input}
      icon={<Search className="size-3.5 shrink-0" aria-hidden />}
      label={words.search}
      value={query.search}
      error={error}
      onChange={(search) => onQuery({ search })}
      onEnter={(backwards) => onStep(backwards ? -1 : 1)}
    >
      {query.search !== '' && (
        <span className="mono whitespace-nowrap px-1 text-xs" aria-live="polite">
          {words.hits(hitAt, hits)}
        </span>
      )}
      <IconButton
        label={words.regex}
        aria-pressed={query.regex}
        className={toggle(query.regex)}
        onClick={() => onQuery({ regex: !query.regex })}
      >
        <Regex className="size-3.5" />
      </IconButton>
      {query.search !== '' && (
        <>
          <IconButton label={words.previous} className={toggle(false)} disabled={idle} onClick={() => onStep(-1)}>
            <ChevronUp className="size-3.5" />
          </IconButton>
          <IconButton label={words.next} className={toggle(false)} disabled={idle} onClick={() => onStep(1)}>
            <ChevronDown className="size-3.5" />
          </IconButton>
        </>
      )}
    </Box>
  );
}
