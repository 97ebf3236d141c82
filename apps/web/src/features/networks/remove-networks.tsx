'use client';
import { common } from '#lib/strings/common.ts';
import { networks } from '#lib/strings/networks.ts';
import { RemovalDialog } from '#ui/removal-dialog.tsx';
import type { NetworkRow } from './rows.ts';

const { removal } = networks;

/** Lists the networks that go. */
export function RemoveNetworks({
  rows,
  busy,
  onClose,
  onConfirm,
}: {
  rows: readonly NetworkRow[] | null;
  busy: boolean;
  onClose: () => void;
  onConfirm: (rows: readonly NetworkRow[]) => void;
}) {
  const names = (rows ?? []).map((row) => row.network.Name);
  return (
    <RemovalDialog
      title={removal.title(names)}
      text={removal.text}
      items={
        rows?.map((row) => ({
          id: row.id,
          name: row.network.Name,
          note: row.usedBy.length > 0 ? removal.used(row.usedBy.length) : undefined,
        })) ?? null
      }
      confirm={removal.confirm(names.length)}
      cancel={common.cancel}
      busy={busy}
      command={`docker network rm ${names.join(' ')}`}
      onClose={onClose}
      onConfirm={() => onConfirm(rows ?? [])}
    />
  );
}
