'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { logs as words } from '#lib/strings/logs.ts';
import { LogRow } from './log-row.tsx';
import { frame, type LinesProps, OVERSCAN, ROW, useFollow } from './use-follow.ts';

/** Rows as high as their text; measured when they are seen. */
export function WrappedLines(props: LinesProps) {
  const { store, index, options, search, current } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const onScroll = useFollow(scroll, props);
  const virtualizer = useVirtualizer({
    count: index.size(),
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW,
    getItemKey: (at) => index.at(at) ?? at,
    overscan: OVERSCAN,
  });
  const measuredSince = useRef(store.first());
  useEffect(() => {
    // Sizes of lines long gone would pile up for ever.
    if (store.first() - measuredSince.current < 200_000) return;
    measuredSince.current = store.first();
    virtualizer.measure();
  });
  useLayoutEffect(() => {
    if (current !== null) virtualizer.scrollToIndex(index.position(current), { align: 'center' });
  }, [current, index, virtualizer]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section ref={scroll} onScroll={onScroll} className={frame} aria-label={words.label} tabIndex={0}>
      <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const line = store.get(index.at(item.index) ?? -1);
          if (!line) return null;
          return (
            <div
              key={item.key}
              ref={virtualizer.measureElement}
              data-index={item.index}
              className="absolute inset-x-0 top-0 min-h-5"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <LogRow
                line={line}
                length={line.m.length}
                options={options}
                search={search}
                current={line.seq === current}
              />
            </div>
          );
        })}
      </div>
    </section>
  );
}
