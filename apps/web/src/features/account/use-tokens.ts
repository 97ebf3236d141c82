'use client';
import type { Token, TokenCreated, TokenRequest } from '@contract/rest.ts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { accountKeys } from './keys.ts';

export function useTokens() {
  return useQuery({
    queryKey: accountKeys.tokens,
    queryFn: ({ signal }) => request<Token[]>('/api/v1/tokens', { signal }),
  });
}

/** The answer holds the secret, the only time it can be seen. */
export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    // Kept nowhere once the page is left.
    gcTime: 0,
    mutationFn: (token: TokenRequest) => request<TokenCreated>('/api/v1/tokens', { method: 'POST', json: token }),
    onSuccess: () => client.invalidateQueries({ queryKey: accountKeys.tokens }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request<void>(`/api/v1/tokens/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSettled: () => client.invalidateQueries({ queryKey: accountKeys.tokens }),
  });
}
