'use client';
import { common } from '#lib/strings/common.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { RemovalDialog } from '#ui/removal-dialog.tsx';
import type { VolumeRow } from './rows.ts';

const { removal } = volumes;

/** Lists the volumes that go; a single one with a name asks for it, since its data is lost. */
export function RemoveVolumes({
  rows,
  busy,
  onClose,
  onConfirm,
}: {
  rows: readonly VolumeRow[] | null;
  busy: boolean;
  onClose: () => void;
  onConfirm: (rows: readonly VolumeRow[]) => void;
}) {
  const going = rows ?? [];
  const names = going.map((row) => row.id);
  const single = going.length === 1 && !going[0]?.anonymous ? going[0] : undefined;
  return (
    <RemovalDialog
      title={removal.title(names)}
      text={names.length === 1 ? removal.textOne : removal.text}
      items={
        rows &&
        going.map((row) => ({
          id: row.id,
          name: row.id,
          note: row.usedBy.length > 0 ? removal.used(row.usedBy.length) : undefined,
        }))
      }
      type={single && { label: removal.type(single.id), expected: single.id }}
      confirm={removal.confirm(going.length)}
      cancel={common.cancel}
      busy={busy}
      command={`docker volume rm ${names.join(' ')}`}
      onClose={onClose}
      onConfirm={() => onConfirm(going)}
    />
  );
}
