'use client';
import { useMutation } from '@tanstack/react-query';
import { actOnContainer, type ContainerAction, type RemoveOptions } from '#lib/container-actions.ts';
import { messageOf } from '#lib/request.ts';
import { containers } from '#lib/strings/containers.ts';
import { useNotify } from '#ui/toast.tsx';
import type { ContainerRow } from './rows.ts';

export type Act = { action: ContainerAction; rows: readonly ContainerRow[]; remove?: RemoveOptions };
export type ActFailure = { title: string; message: string };
/** At once towards the engine; the rest waits. */
const PARALLEL = 6;

/** Does one thing to several containers and gathers what went wrong; what went well is said in one notice. */
export function useAct(host: string, onFailures: (failures: ActFailure[]) => void) {
  const notify = useNotify();
  return useMutation({
    mutationFn: async ({ action, rows, remove }: Act) => {
      const failures: ActFailure[] = [];
      const did: string[] = [];
      const queue = [...rows];
      const worker = async () => {
        for (let row = queue.shift(); row; row = queue.shift()) {
          try {
            await actOnContainer(host, row.id, action, remove);
            did.push(row.item.name);
          } catch (error) {
            failures.push({ title: containers.failed(action, row.item.name), message: messageOf(error) });
          }
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, worker));
      return { action, did, failures };
    },
    onSuccess: ({ action, did, failures }) => {
      if (did.length > 0) notify(containers.did(action, did));
      onFailures(failures);
    },
  });
}
