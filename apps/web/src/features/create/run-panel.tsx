'use client';
import { formatBytes } from '#lib/format.ts';
import { create } from '#lib/strings/create.ts';
import { Button } from '#ui/button.tsx';
import { CopyButton } from '#ui/copy.tsx';
import { LayerProgress } from '#ui/layer-progress.tsx';
import { Problem } from '#ui/problem.tsx';
import type { RunForm } from './model.ts';
import { toRunLine } from './to-create.ts';
import type { RunStep } from './use-run.ts';

/** Beside the form: the line that does the same, what is under way, and the button. */
export function RunPanel({ form, step, onStopPull }: { form: RunForm; step: RunStep; onStopPull: () => void }) {
  const pieces = toRunLine(form);
  const busy = step.kind === 'pulling' || step.kind === 'starting';
  return (
    <aside className="flex flex-col gap-4 xl:sticky xl:top-0 xl:w-[400px] xl:shrink-0 xl:self-start xl:pt-5">
      <section className="panel flex flex-col overflow-hidden" aria-label={create.line}>
        <header className="flex items-center justify-between border-b py-1 pr-1 pl-3">
          <h2 className="text-sm">{create.line}</h2>
          <CopyButton text={pieces.join(' ')} label={create.copyLine} />
        </header>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so must be reachable by keyboard */}
        <pre className="mono max-h-80 overflow-auto px-3 py-2.5" tabIndex={0}>
          {pieces.map((piece, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the pieces have no other identity
            <span key={index} className={index === 0 ? 'block' : 'block pl-4 text-muted'}>
              {piece}
              {index < pieces.length - 1 && <span className="select-none text-faint"> \</span>}
            </span>
          ))}
        </pre>
      </section>
      {step.kind === 'failed' && (
        <Problem title={step.title}>
          {step.message}
          {step.note && `\n${step.note}`}
        </Problem>
      )}
      {step.kind === 'pulling' && (
        <section className="panel flex flex-col gap-3 p-3">
          <header className="flex items-center justify-between">
            <h2 className="text-sm">{create.pulling(form.image.trim())}</h2>
            <Button size="sm" onClick={onStopPull}>
              {create.stopPull}
            </Button>
          </header>
          <LayerProgress {...step.progress} format={formatBytes} />
        </section>
      )}
      <Button type="submit" variant="primary" busy={busy} className="xl:self-start xl:px-6">
        {create.submit}
      </Button>
    </aside>
  );
}
