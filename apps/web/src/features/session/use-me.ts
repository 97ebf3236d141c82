'use client';
import type { Me } from '@contract/rest.ts';
import { useQuery } from '@tanstack/react-query';
import { RequestError, request } from '#lib/request.ts';
import { sessionKeys } from './keys.ts';

/** Who is signed in; null for nobody. */
export function useMe() {
  return useQuery({
    queryKey: sessionKeys.me,
    queryFn: async ({ signal }): Promise<Me | null> => {
      try {
        return await request<Me>('/api/v1/session', { signal, anonymous: true });
      } catch (error) {
        if (error instanceof RequestError && error.status === 401) return null;
        throw error;
      }
    },
    retry: (_failures, error) => error instanceof RequestError && (error.status === 0 || error.status >= 502),
    retryDelay: 2000,
    staleTime: 5 * 60_000,
  });
}
