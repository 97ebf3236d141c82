'use client';
import { useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { AlertDialog } from '#ui/dialog.tsx';
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
  return (
    <AlertDialog
      open={rows !== null}
      onOpenChange={(open) => !open && onClose()}
      title={text.title(list.map((row) => row.name))}
      confirm={text.confirm(list.length)}
      cancel={common.cancel}
      busy={busy}
      onConfirm={() => onConfirm(force && used)}
    >
      <p>{text.text}</p>
      <ul className="my-3 max-h-60 overflow-y-auto rounded-control border text-text">
        {list.map((row) => (
          <li key={row.id} className="flex items-start gap-3 border-b px-3 py-1.5 last:border-b-0">
            <span className="mono min-w-0 flex-1 break-all">{removalReferences(row).join(', ')}</span>
            {row.usedBy.length > 0 && <span className="text-bad text-sm">{text.used(row.usedBy.length)}</span>}
            <span className="mono text-muted">{formatBytes(row.image.Size)}</span>
          </li>
        ))}
      </ul>
      {used && (
        <CheckboxField checked={force} onChange={setForce}>
          <span className="text-text">{text.force}</span>
        </CheckboxField>
      )}
    </AlertDialog>
  );
}
