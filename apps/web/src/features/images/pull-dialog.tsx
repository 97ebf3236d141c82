'use client';
import { type FormEvent, useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { pullImage } from '#lib/pull.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { Button } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input } from '#ui/field.tsx';
import { LayerProgress } from '#ui/layer-progress.tsx';
import { Problem } from '#ui/problem.tsx';
import { RegistryFields } from './registry-fields.tsx';
import { useTransfer } from './use-transfer.ts';

const text = images.pull;

/** Names an image, then shows its layers arriving. Closing stops the pull. */
export function PullDialog({ host, open, onClose }: { host: string; open: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const [missing, setMissing] = useState(false);
  const { phase, problem, progress, signIn, setSignIn, run, reset, clear } = useTransfer();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const reference = name.trim();
    setMissing(!reference);
    if (reference) void run((options) => pullImage(host, reference, options));
  };
  const close = () => {
    clear();
    setName('');
    setMissing(false);
    onClose();
  };

  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={phase === 'done' ? text.done(name.trim()) : text.title}
      description={phase === 'busy' ? text.leave : text.text}
      closeLabel={common.close}
      footer={
        phase === 'done' ? (
          <>
            <Button
              onClick={() => {
                reset();
                setName('');
              }}
            >
              {text.again}
            </Button>
            <Button variant="primary" onClick={close}>
              {common.close}
            </Button>
          </>
        ) : phase === 'busy' ? (
          <Button onClick={reset}>{text.stop}</Button>
        ) : (
          <Button variant="primary" type="submit" form="pull-form">
            {text.submit}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {problem && <Problem title={text.failed(name.trim())}>{problem}</Problem>}
        {phase === 'form' ? (
          <form id="pull-form" onSubmit={submit} noValidate className="flex flex-col gap-4">
            <Field label={text.label} error={missing ? text.missing : undefined}>
              {({ id, describedBy, invalid }) => (
                <Input
                  id={id}
                  mono
                  placeholder="nginx:1.27-alpine"
                  aria-describedby={describedBy}
                  invalid={invalid}
                  value={name}
                  onChange={(event) => setName(event.target.value)}
                />
              )}
            </Field>
            <RegistryFields value={signIn} onChange={setSignIn} />
          </form>
        ) : (
          <LayerProgress {...progress} format={formatBytes} />
        )}
        <p className="text-faint text-sm">
          {text.same} <code className="mono text-muted">docker pull {name.trim() || 'IMAGE'}</code>
        </p>
      </div>
    </Dialog>
  );
}
