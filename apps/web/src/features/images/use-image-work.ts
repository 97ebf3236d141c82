'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type Dockerode from 'dockerode';
import { collectionKeys } from '#lib/collections/keys.ts';
import { splitReference } from '#lib/pull.ts';
import { dockerPath, request } from '#lib/request.ts';
import { images } from '#lib/strings/images.ts';
import { type Failure, useBatch } from '#lib/use-batch.ts';
import { useNotify } from '#ui/toast.tsx';
import { type ImageRow, removalReferences } from './rows.ts';

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
