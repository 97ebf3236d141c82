'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { actOnContainer, type ContainerAction } from '#lib/container-actions.ts';
import { containerKeys } from './keys.ts';

/** `volumes`: with remove, the unnamed volumes too. */
export function useContainerAction(host: string, id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, volumes }: { action: ContainerAction; volumes?: boolean }) =>
      actOnContainer(host, id, action, { force: action === 'remove', volumes: volumes ?? false }),
    onSettled: (_data, _error, { action }) => {
      // A removed container must not be asked for again: the answer would be an error on a page about to be left.
      if (action !== 'remove') return client.invalidateQueries({ queryKey: containerKeys.one(host, id) });
    },
  });
}
