'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { collectionKeys } from '#lib/collections/keys.ts';
import type { VolumeSummary } from '#lib/docker.ts';
import { dockerPath, request } from '#lib/request.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { type Failure, useBatch } from '#lib/use-batch.ts';
import { useNotify } from '#ui/toast.tsx';
import type { VolumeRow } from './rows.ts';

export function useRemoveVolumes(host: string, onFailures: (failures: Failure[]) => void) {
  const notify = useNotify();
  const client = useQueryClient();
  return useBatch<readonly VolumeRow[], VolumeRow>({
    items: (rows) => rows,
    run: (row) => request(dockerPath(host, `/volumes/${encodeURIComponent(row.id)}`), { method: 'DELETE' }),
    failed: (row) => volumes.removal.failed(row.id),
    onDone: (done, failures) => {
      if (done.length > 0) notify(volumes.removal.done(done.map((row) => row.id)));
      onFailures(failures);
      void client.invalidateQueries({ queryKey: collectionKeys.volumes(host) });
    },
  });
}

export function useCreateVolume(host: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { Name?: string; Labels: Record<string, string> }) =>
      request<VolumeSummary>(dockerPath(host, '/volumes/create'), { method: 'POST', json: body }),
    onSuccess: () => client.invalidateQueries({ queryKey: collectionKeys.volumes(host) }),
  });
}

/** Bytes by volume name. The engine has to count files for it: asked once when the page opens, never polled. */
export function useVolumeSizes(host: string) {
  return useQuery({
    queryKey: [...collectionKeys.host(host), 'volume-sizes'],
    queryFn: async ({ signal }) => {
      type Usage = { Volumes: (VolumeSummary & { UsageData?: { Size: number } | null })[] | null };
      const usage = await request<Usage>(dockerPath(host, '/system/df'), { query: { type: 'volume' }, signal });
      return new Map((usage.Volumes ?? []).map((volume) => [volume.Name, volume.UsageData?.Size ?? -1]));
    },
    staleTime: 60_000,
  });
}
