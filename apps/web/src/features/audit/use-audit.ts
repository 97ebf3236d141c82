'use client';
import type { AuditPage, AuditQuery } from '@contract/rest.ts';
import { useInfiniteQuery } from '@tanstack/react-query';
import { request } from '#lib/request.ts';

/** Audit rows, newest first, page by page. */
export function useAudit(query: Omit<AuditQuery, 'cursor' | 'limit'>) {
  return useInfiniteQuery({
    queryKey: ['audit', query],
    staleTime: 0,
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) =>
      request<AuditPage>('/api/v1/audit', {
        query: { ...(query as Record<string, string>), limit: 100, cursor: pageParam },
        signal,
      }),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}
