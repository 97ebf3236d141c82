'use client';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

const Now = createContext<number>(0);

/** One clock for every relative time on the page: it ticks each 10 s, so that a thousand rows need one timer. */
export function ClockProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(0);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return <Now.Provider value={now}>{children}</Now.Provider>;
}

export function useNow(): number {
  const now = useContext(Now);
  return now || Date.now();
}

const steps: readonly [unit: string, seconds: number][] = [
  ['y', 31_536_000],
  ['mo', 2_592_000],
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

const NOW = 'now';

/** `3 min`, `2 d`; `now` under ten seconds. `milliseconds` of distance. */
export function shortDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  for (const [unit, size] of steps) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return seconds < 10 ? NOW : `${seconds} s`;
}

/** Relative, with the absolute on hover and for readers. `time`: RFC 3339, or milliseconds since the epoch. `ago`: in a sentence, not in a column. */
export function RelativeTime({ time, className, ago }: { time: string | number; className?: string; ago?: boolean }) {
  const now = useNow();
  const at = typeof time === 'number' ? time : Date.parse(time);
  if (!Number.isFinite(at) || at <= 0) return <span className={className}>–</span>;
  const date = new Date(at);
  const absolute = date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  const text = shortDuration(now - at);
  return (
    <time dateTime={date.toISOString()} title={absolute} className={className} suppressHydrationWarning>
      {text}
      {ago && text !== NOW ? ' ago' : ''}
    </time>
  );
}
