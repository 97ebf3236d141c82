'use client';
import { type ReactNode, useState } from 'react';
import { AlertDialog } from './dialog.tsx';
import { Field, Input } from './field.tsx';

export type Going = { id: string; name: string; note?: string | undefined; size?: string };

/** Asks before objects go: exactly which, what holds them, and the name typed again when `type` is set. */
export function RemovalDialog({
  title,
  text,
  items,
  confirm,
  cancel,
  busy,
  type,
  command,
  children,
  onClose,
  onConfirm,
}: {
  title: string;
  text: string;
  items: readonly Going[] | null;
  confirm: string;
  cancel: string;
  busy: boolean;
  /** Label of the field and the text that must be typed: where data is lost. */
  type?: { label: string; expected: string } | undefined;
  command: string;
  children?: ReactNode;
  onClose: () => void;
  onConfirm: () => void;
}) {
  const [typed, setTyped] = useState('');
  return (
    <AlertDialog
      open={items !== null}
      onOpenChange={(open) => {
        if (open) return;
        setTyped('');
        onClose();
      }}
      title={title}
      confirm={confirm}
      cancel={cancel}
      busy={busy}
      disabled={type !== undefined && typed !== type.expected}
      onConfirm={() => {
        setTyped('');
        onConfirm();
      }}
    >
      <p>{text}</p>
      <ul className="my-3 max-h-60 overflow-y-auto rounded-control border text-text">
        {items?.map((item) => (
          <li key={item.id} className="flex items-start gap-3 border-b px-3 py-1.5 last:border-b-0">
            <span className="mono min-w-0 flex-1 break-all">{item.name}</span>
            {item.note && <span className="text-bad text-sm">{item.note}</span>}
            {item.size && <span className="mono text-muted">{item.size}</span>}
          </li>
        ))}
      </ul>
      {children}
      {type && (
        <Field label={type.label} className="my-3 text-text">
          {({ id }) => <Input id={id} mono value={typed} onChange={(event) => setTyped(event.target.value)} />}
        </Field>
      )}
      <code className="mono block max-h-20 overflow-y-auto break-all text-faint">{command}</code>
    </AlertDialog>
  );
}
