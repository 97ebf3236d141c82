'use client';
import { actOnContainer, type ContainerAction, type RemoveOptions } from '#lib/container-actions.ts';
import { containers } from '#lib/strings/containers.ts';
import { type Failure, useBatch } from '#lib/use-batch.ts';
import { useNotify } from '#ui/toast.tsx';
import type { ContainerRow } from './rows.ts';

export type Act = { action: ContainerAction; rows: readonly ContainerRow[]; remove?: RemoveOptions };

/** Does one thing to several containers; what went well is said in one notice. */
export function useAct(host: string, onFailures: (failures: Failure[]) => void) {
  const notify = useNotify();
  return useBatch<Act, ContainerRow>({
    items: (act) => act.rows,
    run: (row, act) => actOnContainer(host, row.id, act.action, act.remove),
    failed: (row, act) => containers.failed(act.action, row.item.name),
    onDone: (done, failures, act) => {
      if (done.length > 0)
        notify(
          containers.did(
            act.action,
            done.map((row) => row.item.name),
          ),
        );
      onFailures(failures);
    },
  });
}
