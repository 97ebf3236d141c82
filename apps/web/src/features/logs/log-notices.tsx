'use client';
import { logs as words } from '#lib/strings/logs.ts';
import { Chip, NoMatch } from '#ui/list-toolbar.tsx';
import { Problem } from '#ui/problem.tsx';
import type { LogView } from './log-session.ts';
import type { LineQuery } from './use-line-view.ts';

/** Which of the two streams is shown. */
export function Streams({ query, onQuery }: { query: LineQuery; onQuery: (change: Partial<LineQuery>) => void }) {
  return (
    <>
      <Chip on={query.stdout} onToggle={() => onQuery({ stdout: !query.stdout })}>
        {words.stdout}
      </Chip>
      <Chip on={query.stderr} onToggle={() => onQuery({ stderr: !query.stderr })}>
        {words.stderr}
      </Chip>
    </>
  );
}

export function Notices({ view, onRetry }: { view: LogView; onRetry: () => void }) {
  if (view.status === 'lost') return <Problem tone="watch" className="mx-6 my-2 max-md:mx-4" title={words.lost} />;
  if (view.status !== 'error') return null;
  return (
    <Problem className="mx-6 my-2 max-md:mx-4" title={words.failed} onRetry={onRetry}>
      {view.message}
    </Problem>
  );
}

/** Nothing to show: because of the filter, or because there is nothing. */
export function Nothing({ all, running, onClear }: { all: number; running: boolean; onClear: () => void }) {
  if (all > 0) return <NoMatch text={words.noMatch} clear={words.clearFilter} onClear={onClear} />;
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-1 bg-panel py-16">
      <p>{running ? words.waiting : words.silent}</p>
      <p className="text-muted text-sm">{running ? words.waitingHint : words.silentHint}</p>
    </div>
  );
}
