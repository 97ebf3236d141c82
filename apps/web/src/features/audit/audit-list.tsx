'use client';
import type { AuditRow } from '@contract/rest.ts';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState } from 'react';
import { audit as words } from '#lib/strings/audit.ts';
import { Spinner } from '#ui/button.tsx';
import { AuditRowView, TEMPLATE } from './audit-row.tsx';

type ListProps = { rows: AuditRow[]; hasMore: boolean; loadingMore: boolean; onMore: () => void };

/** The rows, as many as were asked for; older ones come when the end is near. */
export function AuditList({ rows, hasMore, loadingMore, onMore }: ListProps) {
  const scroll = useRef<HTMLElement>(null);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 37,
    getItemKey: (index) => rows[index]?.seq ?? index,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loadingMore && last >= rows.length - 20) onMore();
  }, [hasMore, loadingMore, last, rows.length, onMore]);
  const toggle = (seq: number) => {
    const next = new Set(open);
    if (!next.delete(seq)) next.add(seq);
    setOpen(next);
  };
  return (
    <>
      <div
        aria-hidden="true"
        className={`${TEMPLATE} h-8 shrink-0 items-center border-b px-6 text-muted text-sm max-md:hidden!`}
      >
        <span>{words.time}</span>
        <span>{words.who}</span>
        <span>{words.action}</span>
        <span>{words.object}</span>
        <span>{words.result}</span>
      </div>
      <section ref={scroll} className="min-h-0 flex-1 overflow-auto overscroll-contain" aria-label={words.label}>
        <ul className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <li
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <AuditRowView row={row} open={open.has(row.seq)} onToggle={() => toggle(row.seq)} />
              </li>
            );
          })}
        </ul>
        {loadingMore && (
          <p role="status" className="flex items-center justify-center py-3 text-muted">
            <Spinner />
          </p>
        )}
      </section>
    </>
  );
}
