'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { dockerPath, request } from '#lib/request.ts';
import { containerKeys } from './keys.ts';

export type ContainerAction = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'remove';

/** `volumes`: with remove, the unnamed volumes too. */
export function useContainerAction(host: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async ({ action, volumes }: { action: ContainerAction; volumes?: boolean }) => {
      const path = `/containers/${encodeURIComponent(id)}`;
      if (action !== 'remove') await request<void>(dockerPath(host, `${path}/${action}`), { method: 'POST' });
      else
        await request<void>(dockerPath(host, path), { method: 'DELETE', query: { force: true, v: volumes ?? false } });
    },
    onSettled: (_data, _error, { action }) => {
      // A removed container must not be asked for again: the answer would be an error on a page about to be left.
      if (action !== 'remove') return client.invalidateQueries({ queryKey: containerKeys.one(host, id) });
    },
  });
}
