'use client';
import { useState } from 'react';
import { type ContainerInspect, isUp } from '#lib/docker.ts';
import { container as words } from '#lib/strings/container.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { AlertDialog } from '#ui/dialog.tsx';

type RemoveDialogProps = {
  open: boolean;
  onOpenChange: () => void;
  container: ContainerInspect;
  busy: boolean;
  onConfirm: (volumes: boolean) => void;
};

/** A volume the engine named itself: 64 hex digits. */
const unnamed = (mount: ContainerInspect['Mounts'][number]) =>
  mount.Type === 'volume' && /^[0-9a-f]{64}$/.test(mount.Name ?? '');

/** Says exactly what goes. */
export function RemoveDialog({ open, onOpenChange, container, busy, onConfirm }: RemoveDialogProps) {
  const [volumes, setVolumes] = useState(true);
  const anonymous = container.Mounts.filter(unnamed).length;
  const text = words.remove;
  const items = [
    text.items.container,
    text.items.layer,
    text.items.logs,
    ...(isUp(container.State.Status) ? [text.items.running] : []),
    ...(anonymous > 0 && volumes ? [text.items.volumes(anonymous)] : []),
  ];
  return (
    <AlertDialog
      open={open}
      onOpenChange={onOpenChange}
      title={text.title(container.Name.replace(/^\//, ''))}
      confirm={text.confirm}
      busy={busy}
      onConfirm={() => onConfirm(anonymous > 0 && volumes)}
    >
      <p>{text.intro}</p>
      <ul className="my-2 list-disc pl-5 text-text">
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
      {anonymous > 0 && (
        <CheckboxField checked={volumes} onChange={setVolumes}>
          {text.volumes}
        </CheckboxField>
      )}
      <p className="mt-2 text-sm">{text.keeps}</p>
    </AlertDialog>
  );
}
