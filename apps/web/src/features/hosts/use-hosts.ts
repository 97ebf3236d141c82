'use client';
import type { Host } from '@contract/rest.ts';
import { useQuery } from '@tanstack/react-query';
import { request } from '#lib/request.ts';
import { hostKeys } from './keys.ts';

export function useHosts() {
  return useQuery({
    queryKey: hostKeys.list,
    queryFn: ({ signal }) => request<Host[]>('/api/v1/hosts', { signal }),
  });
}
