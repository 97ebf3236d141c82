'use client';
import { type FormEvent, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { Button } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input } from '#ui/field.tsx';
import { useNotify } from '#ui/toast.tsx';
import type { ImageRow } from './rows.ts';
import { useTagImage } from './use-image-work.ts';

const text = images.tagging;
const REFERENCE = /^[a-z0-9][a-zA-Z0-9._:/-]*$/;

export function TagDialog({ host, row, onClose }: { host: string; row: ImageRow | null; onClose: () => void }) {
  const [value, setValue] = useState('');
  const [invalid, setInvalid] = useState(false);
  const tag = useTagImage(host);
  const notify = useNotify();
  const close = () => {
    setValue('');
    setInvalid(false);
    tag.reset();
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const reference = value.trim();
    setInvalid(!REFERENCE.test(reference));
    if (!row || !REFERENCE.test(reference)) return;
    tag.mutate(
      { id: row.id, reference },
      {
        onSuccess: () => {
          notify(text.done(reference));
          close();
        },
      },
    );
  };
  return (
    <Dialog
      open={row !== null}
      onOpenChange={(open) => !open && close()}
      title={text.title(row?.name ?? '')}
      width="sm"
      closeLabel={common.close}
      footer={
        <Button variant="primary" type="submit" form="tag-form" busy={tag.isPending}>
          {text.submit}
        </Button>
      }
    >
      <form id="tag-form" onSubmit={submit} noValidate>
        <Field
          label={text.label}
          hint={text.hint}
          error={invalid ? text.invalid : tag.isError ? messageOf(tag.error) : undefined}
        >
          {({ id, describedBy, invalid: wrong }) => (
            <Input
              id={id}
              mono
              aria-describedby={describedBy}
              invalid={wrong}
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
