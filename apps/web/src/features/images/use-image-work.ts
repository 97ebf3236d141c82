'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type Dockerode from 'dockerode';
import { collectionKeys } from '#lib/collections/keys.ts';
import type { ImageSummary } from '#lib/docker.ts';
import { splitReference } from '#lib/pull.ts';
import { dockerPath, request } from '#lib/request.ts';
import { images } from '#lib/strings/images.ts';
import { type Failure, useBatch } from '#lib/use-batch.ts';
import { useNotify } from '#ui/toast.tsx';
import { type ImageRow, type ImageUsage, removalReferences } from './rows.ts';

export type Removal = { rows: readonly ImageRow[]; force: boolean };

export function useRemoveImages(host: string, onFailures: (failures: Failure[]) => void) {
  const notify = useNotify();
  const client = useQueryClient();
  return useBatch<Removal, ImageRow>({
    items: (removal) => removal.rows,
    run: async (row, { force }) => {
      for (const reference of removalReferences(row)) {
        await request(dockerPath(host, `/images/${encodeURIComponent(reference)}`), {
          method: 'DELETE',
          query: { force: force ? 1 : undefined },
        });
      }
    },
    failed: (row) => images.removal.failed(row.name),
    onDone: (done, failures) => {
      if (done.length > 0) notify(images.removal.done(done.map((row) => row.name)));
      onFailures(failures);
      void client.invalidateQueries({ queryKey: collectionKeys.images(host) });
    },
  });
}

export function useTagImage(host: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reference }: { id: string; reference: string }) => {
      const { name, tag } = splitReference(reference);
      return request<void>(dockerPath(host, `/images/${encodeURIComponent(id)}/tag`), {
        method: 'POST',
        query: { repo: name, tag },
      });
    },
    onSuccess: () => client.invalidateQueries({ queryKey: collectionKeys.images(host) }),
  });
}

export function useImageInspect(host: string, id: string | null) {
  return useQuery({
    queryKey: [...collectionKeys.images(host), id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      request<Dockerode.ImageInspectInfo>(dockerPath(host, `/images/${encodeURIComponent(id ?? '')}/json`), { signal }),
  });
}

/** What the images take on disk: the engine measures it only when somebody wants to know. */
export function useImageUsage(host: string, wanted: boolean) {
  return useQuery({
    queryKey: [...collectionKeys.host(host), 'image-usage'],
    enabled: wanted,
    staleTime: 60_000,
    queryFn: async ({ signal }): Promise<ImageUsage> => {
      type Usage = { LayersSize: number; Images: ImageSummary[] | null };
      const usage = await request<Usage>(dockerPath(host, '/system/df'), { query: { type: 'image' }, signal });
      return {
        total: usage.LayersSize,
        shared: new Map((usage.Images ?? []).map((image) => [image.Id, Math.max(0, image.SharedSize)])),
      };
    },
  });
}
