'use client';
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { logs as words } from '#lib/strings/logs.ts';
import { LogRow } from './log-row.tsx';
import { frame, type LinesProps, OVERSCAN, ROW, useFollow } from './use-follow.ts';

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
