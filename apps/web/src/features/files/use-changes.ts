'use client';
import { useQuery } from '@tanstack/react-query';
import { dockerPath, request } from '#lib/request.ts';
import type { Change } from './changes.ts';

/** What differs from the image. The engine walks the container's own layer for it: asked when the tab opens, and by hand. */
export function useChanges(host: string, container: string) {
  return useQuery({
    queryKey: ['container-changes', host, container],
    queryFn: async ({ signal }) =>
      (await request<Change[] | null>(dockerPath(host, `/containers/${container}/changes`), { signal })) ?? [],
    gcTime: 0,
    staleTime: 0,
  });
}
