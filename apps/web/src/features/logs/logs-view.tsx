'use client';
import '#ui/ansi.css';
import './logs.css';
import { ArrowDown, Eraser, Pause, Play } from 'lucide-react';
import { useState } from 'react';
import { usePreference } from '#lib/preferences.ts';
import { logs as words } from '#lib/strings/logs.ts';
import { useParam } from '#lib/url-state.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { FixedLines } from './fixed-lines.tsx';
import { LogDownloadMenu, LogOptionsMenu } from './log-menus.tsx';
import { Nothing, Notices, Streams } from './log-notices.tsx';
import { DEFAULT_OPTIONS, type LogOptions, tailOf } from './log-options.ts';
import { LogRangeButton } from './log-range.tsx';
import { LogFilterBox, LogSearchBox } from './log-search.tsx';
import type { LogSession, LogView } from './log-session.ts';
import type { LogStore } from './log-store.ts';
import { type LogRange, timeParam } from './range.ts';
import { EMPTY_QUERY, type LineQuery, useLineView } from './use-line-view.ts';
import { useLogSession } from './use-log-session.ts';
import { WrappedLines } from './wrapped-lines.tsx';

export type LogsViewProps = { host: string; container: string; name: string; tty: boolean; run: string | null };

/** The log of one container: followed live, searched, filtered, downloaded. */
export function LogsView(props: LogsViewProps) {
  const [stored, setStored] = usePreference<LogOptions>('logs', DEFAULT_OPTIONS);
  const options = { ...DEFAULT_OPTIONS, ...stored };
  const [since] = useParam('since');
  const [until] = useParam('until');
  const range = { since: timeParam(since), until: timeParam(until) };
  const { view, store, session } = useLogSession({
    ...range,
    host: props.host,
    container: props.container,
    tail: tailOf(options.tail),
    run: props.run,
  });
  if (!store || !session) return null;
  return (
    <Loaded
      {...props}
      view={view}
      store={store}
      session={session}
      range={range}
      options={options}
      onOptions={(change) => setStored({ ...options, ...change })}
    />
  );
}

type LoadedProps = LogsViewProps & {
  view: LogView;
  store: LogStore;
  session: LogSession;
  range: LogRange;
  options: LogOptions;
  onOptions: (change: Partial<LogOptions>) => void;
};

function Loaded(props: LoadedProps) {
  const { view, store, session, options, onOptions } = props;
  const [query, setQuery] = useState(EMPTY_QUERY);
  const [follow, setFollow] = useState(true);
  // Where the end was when following stopped: what came since is counted from there.
  const [leftAt, setLeftAt] = useState(0);
  const [, redraw] = useState(0);
  const lines = useLineView(store, query);
  const onQuery = (change: Partial<LineQuery>) => setQuery((last) => ({ ...last, ...change }));
  const onFollow = (next: boolean) => {
    setFollow(next);
    setLeftAt(store.end());
  };
  const step = (by: 1 | -1) => {
    onFollow(false);
    lines.step(by);
  };
  const clear = () => {
    store.clear();
    redraw((count) => count + 1);
  };
  const Lines = options.wrap ? WrappedLines : FixedLines;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-11 shrink-0 flex-wrap items-center gap-2 border-b px-6 py-1.5 max-md:gap-1 max-md:px-4">
        <LogSearchBox
          query={query}
          onQuery={onQuery}
          hits={lines.hits}
          hitAt={lines.hitAt}
          error={lines.searchError}
          onStep={step}
        />
        <LogFilterBox query={query} onQuery={onQuery} />
        {!props.tty && <Streams query={query} onQuery={onQuery} />}
        <span
          className="mono ml-auto text-faint text-xs max-md:hidden"
          title={store.first() > 0 ? words.dropped(store.first()) : undefined}
        >
          {words.count(lines.shown.size(), store.size())}
        </span>
        <Button
          size="md"
          icon={view.paused ? <Play className="size-3.5" /> : <Pause className="size-3.5" />}
          onClick={() => session.setPaused(!view.paused)}
        >
          <span className={cx(!view.paused && 'max-md:sr-only')}>
            {view.paused ? words.resume(view.held, view.full) : words.pause}
          </span>
        </Button>
        <IconButton label={words.clear} size="md" onClick={clear}>
          <Eraser className="size-4" />
        </IconButton>
        <LogRangeButton range={props.range} />
        <LogDownloadMenu
          host={props.host}
          container={props.container}
          name={props.name}
          tty={props.tty}
          store={store}
          shown={lines.shown}
        />
        <LogOptionsMenu options={options} onOptions={onOptions} />
      </div>
      <Notices view={view} onRetry={() => session.again()} />
      <div className="relative flex min-h-0 flex-1 flex-col">
        {lines.shown.size() === 0 ? (
          <Nothing
            all={store.size()}
            running={props.run !== null && !props.range.until}
            onClear={() => onQuery({ filter: '', invert: false, stdout: true, stderr: true })}
          />
        ) : (
          <Lines
            store={store}
            index={lines.shown}
            options={options}
            search={lines.search}
            current={lines.current}
            follow={follow}
            onFollow={onFollow}
          />
        )}
        {!follow && lines.shown.size() > 0 && (
          <Button
            className="absolute bottom-3 left-1/2 -translate-x-1/2 shadow-float"
            size="sm"
            icon={<ArrowDown className="size-3.5" />}
            onClick={() => onFollow(true)}
          >
            {words.newLines(Math.max(0, store.end() - leftAt))}
          </Button>
        )}
      </div>
    </div>
  );
}
