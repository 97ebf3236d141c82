import type { StatsSample } from '@contract/realtime.ts';

/** Rates and levels of one container over a window, ready to be drawn; null is a gap. Times in seconds. */
export type Series = {
  time: number[];
  cpu: (number | null)[];
  memory: (number | null)[];
  limit: (number | null)[];
  received: (number | null)[];
  sent: (number | null)[];
  read: (number | null)[];
  written: (number | null)[];
  pids: (number | null)[];
};

/** Samples come about every 2 s; a longer silence is a gap and is drawn as one. */
const GAP_MS = 7000;

const KEYS = ['cpu', 'memory', 'limit', 'received', 'sent', 'read', 'written', 'pids'] as const;

export const emptySeries = (): Series => ({
  time: [],
  cpu: [],
  memory: [],
  limit: [],
  received: [],
  sent: [],
  read: [],
  written: [],
  pids: [],
});

/** Adds a sample; lets go of what is older than `windowMs`. Counters that went back (a restart) give no rate. */
export function addSample(series: Series, before: StatsSample | null, sample: StatsSample, windowMs: number): Series {
  const next = emptySeries();
  const from = (sample.at - windowMs) / 1000;
  let start = 0;
  while (start < series.time.length && series.time[start]! < from) start++;
  next.time = series.time.slice(start);
  for (const key of KEYS) next[key] = series[key].slice(start);
  const elapsed = before ? sample.at - before.at : 0;
  if (before && elapsed > GAP_MS) push(next, (before.at + 1) / 1000, {});
  const rate = (now: number, then: number | undefined) =>
    then === undefined || elapsed <= 0 || elapsed > GAP_MS || now < then ? null : ((now - then) * 1000) / elapsed;
  push(next, sample.at / 1000, {
    cpu: sample.cpuPercent,
    memory: sample.memoryUsage,
    limit: sample.memoryLimit > 0 ? sample.memoryLimit : null,
    received: rate(sample.networkRx, before?.networkRx),
    sent: rate(sample.networkTx, before?.networkTx),
    read: rate(sample.blockRead, before?.blockRead),
    written: rate(sample.blockWrite, before?.blockWrite),
    pids: sample.pids,
  });
  return next;
}

function push(series: Series, time: number, values: Partial<Record<(typeof KEYS)[number], number | null>>): void {
  series.time.push(time);
  for (const key of KEYS) series[key].push(values[key] ?? null);
}
