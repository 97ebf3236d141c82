'use client';
import { type RefObject, useLayoutEffect, useRef } from 'react';
import type { LogOptions } from './log-options.ts';
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

export const ROW = 20;
export const OVERSCAN = 20;
/** Nearer to the end than this counts as at the end. */
const NEAR = 24;

export const frame =
  'min-h-0 flex-1 overflow-auto overscroll-contain bg-panel font-mono text-xs leading-5 outline-offset-[-2px]';

/** Stops following when scrolled up by hand, and follows again at the end. What the code scrolls does not count. */
export function useFollow(scroll: RefObject<HTMLDivElement | null>, { follow, onFollow }: LinesProps) {
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
