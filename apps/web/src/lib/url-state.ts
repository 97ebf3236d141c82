'use client';
import { useSearchParams } from 'next/navigation';
import { useCallback } from 'react';

/** Sets query parameters of the page in place, without a navigation; '' and null remove one. */
export function replaceParams(changes: Record<string, string | null>): void {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(key, value);
    else url.searchParams.delete(key);
  }
  // With the router's own state the router would take the change for its own and not tell useSearchParams.
  history.replaceState(null, '', url);
}

/** One query parameter as state: survives reload, can be sent to somebody. */
export function useParam(name: string, fallback = ''): [string, (value: string) => void] {
  const params = useSearchParams();
  const value = params.get(name) ?? fallback;
  const set = useCallback(
    (next: string) => replaceParams({ [name]: next === fallback ? null : next }),
    [name, fallback],
  );
  return [value, set];
}

/** A list's sort as `?sort=name` or `?sort=-name`. */
export function useSortParam(fallback: {
  id: string;
  desc: boolean;
}): [{ id: string; desc: boolean }, (sort: { id: string; desc: boolean }) => void] {
  const text = (sort: { id: string; desc: boolean }) => `${sort.desc ? '-' : ''}${sort.id}`;
  const [value, set] = useParam('sort', text(fallback));
  const desc = value.startsWith('-');
  return [{ id: desc ? value.slice(1) : value, desc }, (sort) => set(text(sort))];
}
