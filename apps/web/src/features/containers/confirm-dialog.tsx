'use client';
import { useState } from 'react';
import { dockerCommand } from '#lib/container-actions.ts';
import { isUp } from '#lib/docker.ts';
import { common } from '#lib/strings/common.ts';
import { containers } from '#lib/strings/containers.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { AlertDialog } from '#ui/dialog.tsx';
import { StateShape } from '#ui/state-mark.tsx';
import type { ContainerRow } from './rows.ts';
import type { Act } from './use-act.ts';

const text = containers.confirm;

/** Asks before what cannot be undone, with exactly what goes. */
export function ConfirmDialog({
  act,
  busy,
  onClose,
  onConfirm,
}: {
  act: Act | null;
  busy: boolean;
  onClose: () => void;
  onConfirm: (act: Act) => void;
}) {
  const [volumes, setVolumes] = useState(false);
  const removing = act?.action === 'remove';
  const rows = act?.rows ?? [];
  const names = rows.map((row) => row.item.name);
  const remove = { force: rows.some((row) => isUp(row.item.summary.State)), volumes };
  return (
    <AlertDialog
      open={act !== null}
      onOpenChange={(open) => !open && onClose()}
      title={removing ? text.removeTitle(names) : text.killTitle(names)}
      confirm={containers.verbAll(act?.action ?? 'remove', rows.length)}
      cancel={common.cancel}
      busy={busy}
      onConfirm={() => act && onConfirm(removing ? { ...act, remove } : act)}
    >
      <p>{removing ? text.removeText : text.killText}</p>
      <ul className="my-3 max-h-52 overflow-y-auto rounded-control border text-text">
        {rows.map((row) => (
          <GoingRow key={row.id} row={row} warn={removing} />
        ))}
      </ul>
      {removing && (
        <CheckboxField checked={volumes} onChange={setVolumes} hint={text.volumesHint}>
          <span className="text-text">{text.volumes}</span>
        </CheckboxField>
      )}
      <p className="mt-3 text-faint text-sm">{text.same}</p>
      <code className="mono block max-h-20 overflow-y-auto break-all">
        {dockerCommand(act?.action ?? 'remove', names, remove)}
      </code>
    </AlertDialog>
  );
}

function GoingRow({ row, warn }: { row: ContainerRow; warn: boolean }) {
  return (
    <li className="flex items-center gap-2 border-b px-3 py-1.5 last:border-b-0">
      <StateShape state={row.item.state} />
      <span className="min-w-0 flex-1 truncate">{row.item.name}</span>
      {warn && isUp(row.item.summary.State) && <span className="text-bad text-sm">{text.running}</span>}
    </li>
  );
}
