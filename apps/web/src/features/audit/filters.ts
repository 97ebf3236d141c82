import type { AuditQuery } from '@contract/rest.ts';

/** The filters as they stand in the URL; '' is no filter. */
export type AuditFilters = { q: string; actor: string; action: string; object: string; result: string; since: string };

export const FILTER_NAMES = ['q', 'actor', 'action', 'object', 'result', 'since'] as const;

const HOUR = 3_600_000;
const SPANS: Record<string, number> = { '1h': HOUR, '24h': 24 * HOUR, '7d': 7 * 24 * HOUR, '30d': 30 * 24 * HOUR };

/** What is asked of the engine. `now` in milliseconds; a span is turned into a moment, whole minutes, so that it can be cached. */
export function toQuery(filters: AuditFilters, now: number): Omit<AuditQuery, 'cursor' | 'limit'> {
  const query: Omit<AuditQuery, 'cursor' | 'limit'> = {};
  for (const name of ['q', 'actor', 'action', 'object'] as const) if (filters[name]) query[name] = filters[name];
  const { result } = filters;
  if (result === 'ok' || result === 'error' || result === 'deny') query.result = result;
  const span = Object.hasOwn(SPANS, filters.since) ? SPANS[filters.since]! : undefined;
  if (span !== undefined) query.since = new Date(Math.floor((now - span) / 60_000) * 60_000).toISOString();
  return query;
}

/** A link that downloads what the filters let through. */
export function exportHref(query: Omit<AuditQuery, 'cursor' | 'limit'>, format: 'jsonl' | 'csv'): string {
  return `/api/v1/audit/export?${new URLSearchParams({ ...(query as Record<string, string>), format })}`;
}
