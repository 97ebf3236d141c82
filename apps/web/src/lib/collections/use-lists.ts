'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ImageSummary, NetworkSummary, VolumeSummary } from '../docker.ts';
import { dockerPath, request } from '../request.ts';
import { collectionKeys } from './keys.ts';
import { useEventBatches } from './use-event-batches.ts';

/** A list that is asked for again, at most every 120 ms, when an event says that it changed. */
function useList<T>(
  host: string,
  queryKey: readonly unknown[],
  fetch: (signal: AbortSignal) => Promise<T[]>,
  wanted: (event: LiveEvent) => boolean,
) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey,
    queryFn: ({ signal }) => fetch(signal),
    // While nothing showed the list, nobody listened to the events that keep it true.
    refetchOnMount: 'always',
  });
  const refresh = () => void client.invalidateQueries({ queryKey });
  useEventBatches(host, wanted, refresh, refresh);
  return query;
}

export function useImages(host: string) {
  return useList(
    host,
    collectionKeys.images(host),
    (signal) => request<ImageSummary[]>(dockerPath(host, '/images/json'), { signal }),
    (event) => event.Type === 'image',
  );
}

export function useVolumes(host: string) {
  return useList(
    host,
    collectionKeys.volumes(host),
    async (signal) =>
      (await request<{ Volumes: VolumeSummary[] | null }>(dockerPath(host, '/volumes'), { signal })).Volumes ?? [],
    (event) => event.Type === 'volume' && /^(create|destroy|prune)$/.test(event.Action),
  );
}

export function useNetworks(host: string) {
  return useList(
    host,
    collectionKeys.networks(host),
    (signal) => request<NetworkSummary[]>(dockerPath(host, '/networks'), { signal }),
    (event) => event.Type === 'network' && /^(create|destroy|remove|prune)$/.test(event.Action),
  );
}
