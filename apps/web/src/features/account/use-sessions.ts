'use client';
import type { Session } from '@contract/rest.ts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { accountKeys } from './keys.ts';

export function useSessions() {
  return useQuery({
    queryKey: accountKeys.sessions,
    staleTime: 0,
    queryFn: ({ signal }) => request<Session[]>('/api/v1/sessions', { signal }),
  });
}

export function useRevokeSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request<void>(`/api/v1/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: accountKeys.sessions }),
  });
}
