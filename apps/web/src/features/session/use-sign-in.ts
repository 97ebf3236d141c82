'use client';
import type { Me, SignInRequest } from '@contract/rest.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { sessionKeys } from './keys.ts';

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: SignInRequest) =>
      request<Me>('/api/v1/session', { method: 'POST', json: credentials, anonymous: true }),
    onSuccess: () => client.resetQueries({ queryKey: sessionKeys.me }),
  });
}

/** Ends the session on the engine, then loads the sign-in page afresh, so that nothing of it stays in memory. */
export function useSignOut() {
  return useMutation({
    mutationFn: () => request<void>('/api/v1/session', { method: 'DELETE', anonymous: true }),
    onSettled: () => location.assign('/sign-in'),
  });
}
