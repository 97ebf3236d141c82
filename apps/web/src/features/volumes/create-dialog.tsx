'use client';
import { type FormEvent, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { Button } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input, Textarea } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { useNotify } from '#ui/toast.tsx';
import { parseLabels, validVolumeName } from './rows.ts';
import { useCreateVolume } from './use-volume-work.ts';

const text = volumes.create;

export function CreateVolumeDialog({
  host,
  names,
  open,
  onClose,
}: {
  host: string;
  names: readonly string[];
  open: boolean;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [labels, setLabels] = useState('');
  const [sent, setSent] = useState(false);
  const create = useCreateVolume(host);
  const notify = useNotify();
  const parsed = parseLabels(labels);
  // The engine answers a second create of the same name with the first volume: that is not what is meant here.
  const nameError = !validVolumeName(name) ? text.invalidName : names.includes(name) ? text.exists : undefined;
  const labelsError = parsed ? undefined : text.invalidLabel;

  const close = () => {
    setName('');
    setLabels('');
    setSent(false);
    create.reset();
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (nameError || !parsed) return;
    create.mutate(
      { ...(name ? { Name: name } : {}), Labels: parsed },
      {
        onSuccess: (volume) => {
          notify(text.done(volume.Name));
          close();
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={text.title}
      width="sm"
      closeLabel={common.close}
      footer={
        <Button variant="primary" type="submit" form="volume-form" busy={create.isPending}>
          {text.submit}
        </Button>
      }
    >
      <form id="volume-form" onSubmit={submit} noValidate className="flex flex-col gap-4">
        {create.isError && <Problem title={text.failed}>{messageOf(create.error)}</Problem>}
        <Field label={text.name} hint={text.nameHint} error={sent ? nameError : undefined}>
          {({ id, describedBy, invalid }) => (
            <Input
              id={id}
              mono
              aria-describedby={describedBy}
              invalid={invalid}
              value={name}
              onChange={(event) => setName(event.target.value.trim())}
            />
          )}
        </Field>
        <Field label={text.labels} hint={text.labelsHint} error={sent ? labelsError : undefined}>
          {({ id, describedBy, invalid }) => (
            <Textarea
              id={id}
              mono
              aria-describedby={describedBy}
              invalid={invalid}
              value={labels}
              onChange={(event) => setLabels(event.target.value)}
            />
          )}
        </Field>
        <code className="mono break-all text-faint">{`docker volume create ${name}`}</code>
      </form>
    </Dialog>
  );
}
