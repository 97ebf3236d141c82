'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { inspectWords as words } from '#lib/strings/container.ts';
import { useParam } from '#lib/url-state.ts';
import { Button } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { CopyButton } from '#ui/copy.tsx';
import { Chip, FilterInput } from '#ui/list-toolbar.tsx';
import { branches, type TreeLine, treeLines } from './json-tree.ts';

/** A JSON document that can be searched, folded and copied. */
export function InspectView({ value }: { value: unknown }) {
  const [query, setQuery] = useState('');
  const [mode, setMode] = useParam('as', 'tree');
  const [shut, setShut] = useState<ReadonlySet<string>>(new Set());
  const lines = useMemo(() => treeLines(value, { shut, query }), [value, shut, query]);
  const json = useMemo(() => JSON.stringify(value, null, 2), [value]);
  const toggle = (path: string) => {
    const next = new Set(shut);
    if (!next.delete(path)) next.add(path);
    setShut(next);
  };
  const text = mode === 'text';
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b px-6 py-1.5 max-md:px-4">
        {!text && <FilterInput value={query} onChange={setQuery} label={words.search} />}
        <Chip on={!text} onToggle={() => setMode('tree')}>
          {words.tree}
        </Chip>
        <Chip on={text} onToggle={() => setMode('text')}>
          {words.text}
        </Chip>
        <span className="mono text-faint text-xs" aria-live="polite">
          {query && !text && words.matches(lines.filter((line) => line.match).length)}
        </span>
        <span className="ml-auto flex items-center gap-1">
          {!text && (
            <Button size="sm" variant="ghost" onClick={() => setShut(shut.size > 0 ? new Set() : branches(value))}>
              {shut.size > 0 ? words.expand : words.collapse}
            </Button>
          )}
          <CopyButton text={json} label={words.copy} />
        </span>
      </div>
      {text ? <Text json={json} /> : <Tree lines={lines} onToggle={toggle} />}
    </div>
  );
}

const frame = 'min-h-0 flex-1 overflow-auto bg-panel font-mono text-xs leading-5 outline-offset-[-2px]';

function Text({ json }: { json: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section className={frame} aria-label={words.label} tabIndex={0}>
      <pre className="px-6 py-3 max-md:px-4">{json}</pre>
    </section>
  );
}

const ROW = 22;

function Tree({ lines, onToggle }: { lines: TreeLine[]; onToggle: (path: string) => void }) {
  const scroll = useRef<HTMLElement>(null);
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    overscan: 20,
    paddingStart: 10,
    paddingEnd: 10,
  });
  if (lines.length === 0) return <p className="flex flex-1 items-center justify-center text-muted">{words.none}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section ref={scroll} className={frame} aria-label={words.label} tabIndex={0}>
      <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const line = lines[item.index];
          if (!line) return null;
          return (
            <div
              key={line.path}
              className="absolute top-0 left-0 w-max min-w-full"
              style={{ transform: `translateY(${item.start}px)`, height: ROW }}
            >
              <Line line={line} onToggle={onToggle} />
            </div>
          );
        })}
      </div>
    </section>
  );
}

const tone: Record<TreeLine['type'], string> = {
  string: 'text-text',
  number: 'text-good',
  boolean: 'text-watch',
  null: 'text-faint',
  object: 'text-faint',
  array: 'text-faint',
};

function Line({ line, onToggle }: { line: TreeLine; onToggle: (path: string) => void }) {
  const leaf = line.kind === 'leaf';
  const body = (
    <>
      <span className="flex size-4 shrink-0 items-center justify-center text-faint">
        {line.kind === 'open' ? (
          <ChevronDown className="size-3" />
        ) : line.kind === 'shut' ? (
          <ChevronRight className="size-3" />
        ) : null}
      </span>
      {line.key !== null && <span className="text-muted">{line.key}:</span>}
      <span className={cx('whitespace-pre', tone[line.type])}>{line.text}</span>
    </>
  );
  const row = cx(
    'flex h-full items-center gap-1.5 pr-6 pl-5 max-md:pl-3',
    line.match ? 'bg-watch-soft' : 'hover:bg-hover',
  );
  return (
    <div className={cx(row, 'group/json')} style={{ paddingLeft: 20 + line.depth * 18 }}>
      {leaf ? (
        body
      ) : (
        <button
          type="button"
          aria-expanded={line.kind === 'open'}
          className="flex items-center gap-1.5 rounded-[4px]"
          onClick={() => onToggle(line.path)}
        >
          {body}
        </button>
      )}
      {leaf && (
        <span className="invisible group-focus-within/json:visible group-hover/json:visible [&>button]:size-5">
          <CopyButton text={line.value} label={words.copyValue} />
        </span>
      )}
    </div>
  );
}
