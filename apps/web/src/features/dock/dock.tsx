'use client';
import { ChevronDown, ChevronUp, ExternalLink, X } from 'lucide-react';
import Link from 'next/link';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useState } from 'react';
import { terminal as terminalWords, dock as words } from '#lib/strings/terminal.ts';
import { buttonClass, IconButton } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { StateShape } from '#ui/state-mark.tsx';

/** Something that goes on while pages change. */
export type DockItem = { key: string; title: string; href: string; live: boolean; onClose: () => void };

const MIN = 120;
const STEP = 32;
const clamp = (height: number) => Math.max(MIN, Math.min(height, innerHeight - 160));

/** The region at the bottom: a bar with what is open, and above it the one that is looked at. */
export function Dock({ items, render }: { items: readonly DockItem[]; render: (key: string) => ReactNode }) {
  const [openKey, setOpenKey] = useState<string | null>(null);
  const [height, setHeight] = useState(320);
  const open = items.find((item) => item.key === openKey);
  if (items.length === 0) return null;
  return (
    <section aria-label={words.label} className="flex shrink-0 flex-col border-t bg-page">
      {open && <Grip height={height} onHeight={(next) => setHeight(clamp(next))} />}
      <div className="flex h-9 shrink-0 items-center gap-1 px-4 max-md:h-11">
        <ul className="flex min-w-0 flex-1 items-center gap-1 overflow-x-auto [scrollbar-width:none]">
          {items.map((item) => (
            <Item
              key={item.key}
              item={item}
              here={item.key === openKey}
              onSelect={() => setOpenKey(item.key === openKey ? null : item.key)}
            />
          ))}
        </ul>
        {open && (
          <Link
            href={open.href}
            prefetch={false}
            aria-label={words.goTo}
            title={words.goTo}
            className={buttonClass('ghost', 'sm')}
          >
            <ExternalLink className="size-3.5" />
          </Link>
        )}
        <IconButton
          label={open ? words.collapse : words.expand}
          aria-expanded={!!open}
          onClick={() => setOpenKey(open ? null : (items.at(-1)?.key ?? null))}
        >
          {open ? <ChevronDown className="size-4" /> : <ChevronUp className="size-4" />}
        </IconButton>
      </div>
      {open && (
        <div className="flex min-h-0 border-t" style={{ height }}>
          {render(open.key)}
        </div>
      )}
    </section>
  );
}

function Item({ item, here, onSelect }: { item: DockItem; here: boolean; onSelect: () => void }) {
  return (
    <li
      className={cx('flex h-7 shrink-0 items-center rounded-control', here ? 'bg-press' : 'text-muted hover:bg-hover')}
    >
      <button
        type="button"
        aria-expanded={here}
        className="flex h-full items-center gap-2 rounded-control pl-2"
        onClick={onSelect}
      >
        <StateShape state={item.live ? 'running' : 'exited'} size={10} />
        {item.title}
      </button>
      <IconButton label={terminalWords.closeOf(item.title)} className="size-6" tooltip={false} onClick={item.onClose}>
        <X className="size-3" />
      </IconButton>
    </li>
  );
}

/** Drag it, or press the arrow keys. */
function Grip({ height, onHeight }: { height: number; onHeight: (height: number) => void }) {
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onHeight(height - event.movementY);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowUp' ? STEP : event.key === 'ArrowDown' ? -STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    onHeight(height + by);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> cannot be dragged
    <div
      role="separator"
      aria-orientation="horizontal"
      aria-label={words.resize}
      aria-valuenow={Math.round(height)}
      aria-valuemin={MIN}
      tabIndex={0}
      className="-mt-1 h-1.5 cursor-row-resize touch-none hover:bg-press"
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
    />
  );
}
