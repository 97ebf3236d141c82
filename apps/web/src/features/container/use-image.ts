'use client';
import { useQuery } from '@tanstack/react-query';
import type Dockerode from 'dockerode';
import { dockerPath, request } from '#lib/request.ts';
import { containerKeys } from './keys.ts';

/** The image a container was made from; an error when it was removed since. */
export function useImage(host: string, id: string) {
  return useQuery({
    queryKey: containerKeys.image(host, id),
    queryFn: ({ signal }) =>
      request<Dockerode.ImageInspectInfo>(dockerPath(host, `/images/${encodeURIComponent(id)}/json`), { signal }),
  });
}
