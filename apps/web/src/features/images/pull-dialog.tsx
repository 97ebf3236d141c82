'use client';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { noProgress, type PullProgress, pullImage } from '#lib/pull.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { Button } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input } from '#ui/field.tsx';
import { LayerProgress } from '#ui/layer-progress.tsx';
import { Problem } from '#ui/problem.tsx';

const text = images.pull;
type Phase = 'form' | 'pulling' | 'done';

/** Names an image, then shows its layers arriving. Closing stops the pull. */
export function PullDialog({ host, open, onClose }: { host: string; open: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const [phase, setPhase] = useState<Phase>('form');
  const [problem, setProblem] = useState<{ field: boolean; message: string } | null>(null);
  const [progress, setProgress] = useState<PullProgress>(noProgress);
  const abort = useRef<AbortController>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const reset = () => {
    abort.current?.abort();
    setPhase('form');
    setProblem(null);
    setProgress(noProgress);
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const reference = name.trim();
    if (!reference) return setProblem({ field: true, message: text.missing });
    reset();
    const controller = new AbortController();
    abort.current = controller;
    setPhase('pulling');
    try {
      await pullImage(host, reference, { signal: controller.signal, onProgress: setProgress });
      setPhase('done');
    } catch (error) {
      if (controller.signal.aborted) return;
      setPhase('form');
      setProblem({ field: false, message: messageOf(error) });
    }
  };
  const close = () => {
    reset();
    setName('');
    onClose();
  };

  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={phase === 'done' ? text.done(name.trim()) : text.title}
      description={phase === 'pulling' ? text.leave : text.text}
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
        ) : phase === 'pulling' ? (
          <Button onClick={reset}>{text.stop}</Button>
        ) : (
          <Button variant="primary" type="submit" form="pull-form">
            {text.submit}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {problem && !problem.field && <Problem title={text.failed(name.trim())}>{problem.message}</Problem>}
        {phase === 'form' ? (
          <form id="pull-form" onSubmit={(event) => void submit(event)} noValidate>
            <Field label={text.label} error={problem?.field ? problem.message : undefined}>
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
