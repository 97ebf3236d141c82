'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { logs as words } from '#lib/strings/logs.ts';
import type { LogOptions } from './log-options.ts';
import { LogRow } from './log-row.tsx';
import type { LineIndex, LogStore } from './log-store.ts';
import type { Matcher } from './matcher.ts';

export type LinesProps = {
  store: LogStore;
  index: LineIndex;
  options: LogOptions;
  search: Matcher | null;
  /** The seq of the match that is stepped to. */
  current: number | null;
  follow: boolean;
  /** The person scrolled: away from the end, or back to it. */
  onFollow: (follow: boolean) => void;
};

const ROW = 20;
const OVERSCAN = 20;
/** Nearer to the end than this counts as at the end. */
const NEAR = 24;

const frame =
  'min-h-0 flex-1 overflow-auto overscroll-contain bg-panel font-mono text-xs leading-5 outline-offset-[-2px]';

/** Stops following when scrolled up by hand, and follows again at the end. What the code scrolls does not count. */
function useFollow(scroll: RefObject<HTMLDivElement | null>, { follow, onFollow }: LinesProps) {
  const placed = useRef(0);
  useLayoutEffect(() => {
    const element = scroll.current;
    if (!element || !follow) return;
    element.scrollTop = element.scrollHeight;
    placed.current = element.scrollTop;
  });
  return () => {
    const element = scroll.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    if (atEnd !== follow && (atEnd || element.scrollTop < placed.current - 2)) onFollow(atEnd);
    placed.current = element.scrollTop;
  };
}

/** Every row 20 px: the position of a line is arithmetic, however many there are. */
export function FixedLines(props: LinesProps) {
  const { store, index, options, search, current } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const followScroll = useFollow(scroll, props);
  const count = index.size();
  const onScroll = () => {
    const element = scroll.current!;
    followScroll();
    setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    const observer = new ResizeObserver(() =>
      setView((last) => ({ ...last, height: scroll.current?.clientHeight ?? 800 })),
    );
    observer.observe(scroll.current!);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (current === null || !scroll.current) return;
    const top = index.position(current) * ROW;
    const { scrollTop, clientHeight } = scroll.current;
    if (top < scrollTop + ROW || top > scrollTop + clientHeight - 2 * ROW)
      scroll.current.scrollTop = top - clientHeight / 2;
  }, [current, index]);
  useKeepPlace(scroll, props);

  const top = props.follow ? Math.max(0, count * ROW - view.height) : view.top;
  const start = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
  const end = Math.min(count, Math.ceil((top + view.height) / ROW) + OVERSCAN);
  const rows = [];
  for (let at = start; at < end; at++) {
    const line = store.get(index.at(at) ?? -1);
    if (!line) continue;
    rows.push(
      <div
        key={line.seq}
        className="absolute top-0 left-0 h-5 w-max min-w-full"
        style={{ transform: `translateY(${at * ROW}px)` }}
      >
        <LogRow line={line} length={line.m.length} options={options} search={search} current={line.seq === current} />
      </div>,
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section ref={scroll} onScroll={onScroll} className={frame} aria-label={words.label} tabIndex={0}>
      <div className="relative" style={{ height: count * ROW }}>
        {rows}
      </div>
    </section>
  );
}

/** When old lines are let go while somebody reads, what is read stays where it is. */
function useKeepPlace(scroll: RefObject<HTMLDivElement | null>, { index, follow }: LinesProps) {
  const last = useRef({ index, dropped: index.dropped() });
  useLayoutEffect(() => {
    const gone = last.current.index === index ? index.dropped() - last.current.dropped : 0;
    if (gone > 0 && !follow && scroll.current) scroll.current.scrollTop -= gone * ROW;
    last.current = { index, dropped: index.dropped() };
  });
}

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
