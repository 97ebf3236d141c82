'use client';
import { useMemo, useState } from 'react';
import { createLineIndex, type LogStore } from './log-store.ts';
import { acceptsLine, createMatcher, searchable } from './matcher.ts';

export type LineQuery = {
  stdout: boolean;
  stderr: boolean;
  filter: string;
  invert: boolean;
  search: string;
  regex: boolean;
};

export const EMPTY_QUERY: LineQuery = {
  stdout: true,
  stderr: true,
  filter: '',
  invert: false,
  search: '',
  regex: false,
};

/** The lines that fit the filter, the matches among them, and the one that is stepped to. */
export function useLineView(store: LogStore, query: LineQuery) {
  const { stdout, stderr, invert } = query;
  const filter = useMemo(() => createMatcher(query.filter, false).matcher, [query.filter]);
  const { matcher: search, error } = useMemo(
    () => createMatcher(query.search, query.regex),
    [query.search, query.regex],
  );
  const shown = useMemo(
    () => createLineIndex(store, (line) => acceptsLine({ stdout, stderr, invert, matcher: filter }, line)),
    [store, stdout, stderr, invert, filter],
  );
  const hits = useMemo(
    () =>
      createLineIndex(
        store,
        (line) =>
          search !== null &&
          line.s !== 0 &&
          acceptsLine({ stdout, stderr, invert, matcher: filter }, line) &&
          search.test(searchable(line)),
      ),
    [store, stdout, stderr, invert, filter, search],
  );
  // Both look only at what is new, so this costs little on every picture.
  shown.update();
  if (search) hits.update();

  const [current, setCurrent] = useState<number | null>(null);
  const valid = search && current !== null && store.get(current) ? current : null;
  const step = (by: 1 | -1) => {
    if (!search || hits.size() === 0) return;
    const at = valid === null ? hits.size() : hits.position(valid);
    const next = valid === null ? (by === 1 ? 0 : at - 1) : at + by;
    setCurrent(hits.at((next + hits.size()) % hits.size()) ?? null);
  };
  return {
    shown,
    search,
    searchError: error,
    hits: search ? hits.size() : 0,
    hitAt: valid === null ? 0 : hits.position(valid) + 1,
    current: valid,
    step,
  };
}
