'use client';
import type { Me, SetupRequest, SetupState } from '@contract/rest.ts';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { sessionKeys } from './keys.ts';

/** Whether the first account is still to be made. */
export function useSetupState() {
  return useQuery({
    queryKey: sessionKeys.setup,
    queryFn: ({ signal }) => request<SetupState>('/api/v1/setup', { signal, anonymous: true }),
  });
}

export function useSetup() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (setup: SetupRequest) => request<Me>('/api/v1/setup', { method: 'POST', json: setup, anonymous: true }),
    onSuccess: () => client.resetQueries({ queryKey: ['session'] }),
  });
}
