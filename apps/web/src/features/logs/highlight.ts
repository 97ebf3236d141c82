import type { AnsiRun } from '#lib/ansi.ts';

export type Piece = AnsiRun & { hit: boolean };

/** Cuts runs at the borders of the ranges found in their joined text, and marks what lies inside. */
export function highlight(runs: readonly AnsiRun[], ranges: readonly [number, number][]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let next = 0;
  for (const run of runs) {
    let from = 0;
    while (from < run.text.length) {
      const range = ranges[next];
      const [start, end] = range ?? [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      const hit = at + from >= start;
      const stop = Math.min(run.text.length, (hit ? end : start) - at);
      if (stop > from) pieces.push({ ...run, text: run.text.slice(from, stop), hit });
      from = Math.max(stop, from);
      if (hit && at + from >= end) next++;
    }
    at += run.text.length;
  }
  return pieces;
}
