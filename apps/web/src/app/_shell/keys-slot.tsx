'use client';
import { useEffect, useState } from 'react';
import { common } from '#lib/strings/common.ts';
import { Dialog } from '#ui/dialog.tsx';
import { Kbd } from '#ui/kbd.tsx';

const text = common.keys;

/** `?` lists the keys, unless somebody types. */
export function KeysSlot() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '?' || event.ctrlKey || event.metaKey || event.altKey) return;
      if ((event.target as Element | null)?.closest('input, textarea, select, [contenteditable], .xterm')) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={text.title}
      description={text.text}
      width="sm"
      closeLabel={common.close}
    >
      <dl className="flex flex-col">
        {text.rows.map((row) => (
          <div key={row.does} className="flex min-h-9 items-center gap-4 border-b last:border-b-0">
            <dt className="flex w-24 shrink-0 gap-1">
              {row.keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dt>
            <dd>{row.does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
