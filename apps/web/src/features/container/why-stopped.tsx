'use client';
import { formatSeconds } from '#lib/format.ts';
import { container as words } from '#lib/strings/container.ts';
import { Button } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { RelativeTime } from '#ui/relative-time.tsx';
import type { TabProps } from './container-page.tsx';
import { exitMeaning } from './exit-code.ts';
import { useLastLines } from './use-last-lines.ts';

const text = words.why;

/** For a container that is not running: what ended it, in one sentence, with a next step and its last words. */
export function WhyStopped({ host, container, openTab }: TabProps) {
  const { State } = container;
  const started = Date.parse(State.StartedAt) > 0;
  const lines = useLastLines(host, container, started);
  const meaning = exitMeaning(State.ExitCode, State.OOMKilled);
  const bad = State.OOMKilled || State.Error !== '' || ![0, 130, 137, 143].includes(State.ExitCode);
  const ran = (Date.parse(State.FinishedAt) - Date.parse(State.StartedAt)) / 1000;
  return (
    <section className={cx('panel overflow-hidden', bad && 'border-bad/40')} aria-labelledby="why-stopped">
      <div className="flex flex-col gap-1 px-4 py-3">
        <h2 id="why-stopped" className="text-muted text-sm">
          {started ? text.title : text.startTitle}
        </h2>
        <p className="text-lg">{State.Error || meaning.meaning}</p>
        <p className="flex flex-wrap gap-x-3 text-muted">
          <span className="mono">
            {text.code(State.ExitCode)}
            {meaning.signal && ` · ${meaning.signal}`}
          </span>
          {started && (
            <span>
              <RelativeTime time={State.FinishedAt} /> {text.ago}
            </span>
          )}
          {started && ran >= 0 && <span>{text.ran(formatSeconds(ran))}</span>}
          {container.RestartCount > 0 && <span>{text.restarts(container.RestartCount)}</span>}
        </p>
        {bad && meaning.next && <p>{meaning.next}</p>}
      </div>
      {lines.data?.some((line) => line !== '') && (
        <div className="border-t bg-sunken">
          <div className="flex items-center justify-between px-4 pt-2">
            <h3 className="font-normal text-muted text-sm">{text.lastLines}</h3>
            <Button size="sm" variant="ghost" onClick={() => openTab('logs')}>
              {text.allLines}
            </Button>
          </div>
          <pre className="mono whitespace-pre-wrap px-4 pt-1 pb-3 [overflow-wrap:anywhere]">
            {lines.data.join('\n')}
          </pre>
        </div>
      )}
    </section>
  );
}
