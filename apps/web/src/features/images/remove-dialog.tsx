'use client';
import { useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { RemovalDialog } from '#ui/removal-dialog.tsx';
import { type ImageRow, removalReferences } from './rows.ts';

const text = images.removal;

/** Lists every tag that goes and who still uses it. */
export function RemoveDialog({
  rows,
  busy,
  onClose,
  onConfirm,
}: {
  rows: readonly ImageRow[] | null;
  busy: boolean;
  onClose: () => void;
  onConfirm: (force: boolean) => void;
}) {
  const [force, setForce] = useState(false);
  const list = rows ?? [];
  const used = list.some((row) => row.usedBy.length > 0);
  const items = list.map((row) => ({
    id: row.id,
    name: removalReferences(row).join(', '),
    note: row.usedBy.length > 0 ? text.used(row.usedBy.length) : undefined,
    size: formatBytes(row.image.Size),
  }));
  return (
    <RemovalDialog
      title={text.title(list.map((row) => row.name))}
      text={text.text}
      items={rows && items}
      confirm={text.confirm(list.length)}
      cancel={common.cancel}
      busy={busy}
      command={`docker rmi ${force && used ? '-f ' : ''}${list.flatMap(removalReferences).join(' ')}`}
      onClose={onClose}
      onConfirm={() => onConfirm(force && used)}
    >
      {used && (
        <CheckboxField checked={force} onChange={setForce}>
          <span className="text-text">{text.force}</span>
        </CheckboxField>
      )}
    </RemovalDialog>
  );
}
