'use client';
import { type FormEvent, useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { pushImage } from '#lib/pull.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { Button } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Select } from '#ui/field.tsx';
import { LayerProgress } from '#ui/layer-progress.tsx';
import { Problem } from '#ui/problem.tsx';
import { RegistryFields } from './registry-fields.tsx';
import type { ImageRow } from './rows.ts';
import { useTransfer } from './use-transfer.ts';

const text = images.push;

/** Chooses one of the image's tags, then shows its layers leaving. Closing stops the push. */
export function PushDialog({ host, row, onClose }: { host: string; row: ImageRow | null; onClose: () => void }) {
  const [picked, setPicked] = useState('');
  const { phase, problem, progress, signIn, setSignIn, run, reset, clear } = useTransfer();
  const tags = row?.tags ?? [];
  const tag = tags.includes(picked) ? picked : (tags[0] ?? '');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run((options) => pushImage(host, tag, options));
  };
  const close = () => {
    clear();
    setPicked('');
    onClose();
  };
  return (
    <Dialog
      open={row !== null}
      onOpenChange={(next) => !next && close()}
      title={phase === 'done' ? text.done(tag) : text.title}
      description={phase === 'busy' ? text.leave : text.text}
      closeLabel={common.close}
      footer={
        phase === 'done' ? (
          <Button variant="primary" onClick={close}>
            {common.close}
          </Button>
        ) : phase === 'busy' ? (
          <Button onClick={reset}>{text.stop}</Button>
        ) : (
          <Button variant="primary" type="submit" form="push-form">
            {text.submit}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {problem && <Problem title={text.failed(tag)}>{problem}</Problem>}
        {phase === 'form' ? (
          <form id="push-form" onSubmit={submit} className="flex flex-col gap-4">
            <Field label={text.label}>
              {({ id }) => (
                <Select
                  id={id}
                  value={tag}
                  onChange={(event) => setPicked(event.target.value)}
                  options={tags.map((value) => ({ value, label: value }))}
                />
              )}
            </Field>
            <RegistryFields value={signIn} onChange={setSignIn} />
          </form>
        ) : (
          <LayerProgress {...progress} format={formatBytes} />
        )}
        <p className="text-faint text-sm">
          {text.same} <code className="mono break-all text-muted">docker push {tag}</code>
        </p>
      </div>
    </Dialog>
  );
}
