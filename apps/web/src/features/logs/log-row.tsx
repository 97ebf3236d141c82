'use client';
import { type CSSProperties, memo } from 'react';
import { type AnsiRun, parseAnsi } from '#lib/ansi.ts';
import { logs as words } from '#lib/strings/logs.ts';
import { cx } from '#ui/class-names.ts';
import { CopyButton } from '#ui/copy.tsx';
import { highlight } from './highlight.ts';
import { type Level, levelOf, parseJsonLine } from './level.ts';
import { type LogOptions, shownTime } from './log-options.ts';
import type { StoredLine } from './log-store.ts';
import type { Matcher } from './matcher.ts';

type RowProps = {
  line: StoredLine;
  /** Lines grow while pieces of them arrive: the length is what tells memo so. */
  length: number;
  options: LogOptions;
  search: Matcher | null;
  current: boolean;
};

/** One line. What a container printed is only ever a text node. */
export const LogRow = memo(function LogRow({ line, options, search, current }: RowProps) {
  if (line.s === 0) {
    return (
      <div className="flex items-center gap-3 px-6 text-faint max-md:px-4">
        <span className="h-px w-6 bg-line" />
        {line.m}
        <span className="mono">{shownTime(line.t, options.time)}</span>
        <span className="h-px flex-1 bg-line" />
      </div>
    );
  }
  const parsed = parseAnsi(line.m);
  const json = options.json ? parseJsonLine(parsed.text) : null;
  const level = json ? json.level : levelOf(parsed.text);
  const cut = line.cut + parsed.cut;
  return (
    <div className={cx('group/line flex pr-6 max-md:pr-4', current ? 'bg-watch-soft' : 'hover:bg-hover')}>
      <span className={cx('mr-3 ml-4 w-0.5 shrink-0 self-stretch max-md:ml-2 max-md:mr-2', bar(line.s, level))} />
      {options.time !== 'off' && (
        <span className="mr-3 shrink-0 select-none whitespace-nowrap text-faint">
          {shownTime(line.t, options.time)}
        </span>
      )}
      {line.s === 2 && <span className="sr-only">{words.stderr}: </span>}
      <span
        dir="ltr"
        className={cx(
          'isolate',
          options.wrap ? 'min-w-0 flex-1 whitespace-pre-wrap [overflow-wrap:anywhere]' : 'whitespace-pre',
        )}
      >
        {json ? (
          <JsonText line={json} search={search} />
        ) : (
          <Text runs={parsed.runs} text={parsed.text} search={search} />
        )}
        {cut > 0 && <span className="text-faint"> {words.more(cut)}</span>}
      </span>
      <span className="sticky right-2 ml-2 hidden h-5 items-center self-start group-hover/line:flex [&>button]:size-5 [&>button]:bg-panel">
        <CopyButton text={line.m} label={words.copyLine} />
      </span>
    </div>
  );
});

function bar(stream: 1 | 2, level: Level | null): string {
  if (level === 'error' || level === 'fatal') return 'bg-bad';
  if (level === 'warn') return 'bg-watch';
  return stream === 2 ? 'bg-bad/35' : '';
}

function Text({
  runs,
  text,
  search,
}: {
  runs: ReturnType<typeof parseAnsi>['runs'];
  text: string;
  search: Matcher | null;
}) {
  const pieces = highlight(runs, search?.ranges(text) ?? []);
  return pieces.map((piece, index) => {
    const style = piece.color || piece.background ? styleOf(piece) : undefined;
    const readable = piece.color && !hasGround(piece) && 'ansi-rgb';
    const className = cx(piece.className, readable, piece.hit && 'log-hit');
    if (!style && className === '') return piece.text;
    const Tag = piece.hit ? 'mark' : 'span';
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line have no other name
      <Tag key={index} className={className} style={style}>
        {piece.text}
      </Tag>
    );
  });
}

const hasGround = (piece: AnsiRun) => piece.background !== undefined || piece.className.includes('ansi-bg-');

/** A colour without a ground of its own is made readable on ours by the style sheet. */
function styleOf(piece: AnsiRun): CSSProperties {
  if (!piece.color || hasGround(piece)) return { color: piece.color, backgroundColor: piece.background };
  return { '--ansi-rgb': piece.color } as CSSProperties;
}

const levelTone: Record<Level, string> = {
  trace: 'text-faint',
  debug: 'text-faint',
  info: 'text-muted',
  warn: 'text-watch',
  error: 'text-bad',
  fatal: 'text-bad font-semibold',
};

function JsonText({ line, search }: { line: NonNullable<ReturnType<typeof parseJsonLine>>; search: Matcher | null }) {
  const plain = (text: string, className = '') => <Text runs={[{ text, className }]} text={text} search={search} />;
  return (
    <>
      {line.level && <span className={levelTone[line.level]}>{`${line.level} `.padEnd(6)}</span>}
      {line.message && plain(line.message)}
      {line.fields.map(([key, value]) => (
        <span key={key}>
          {' '}
          <span className="text-faint">{plain(`${key}=`)}</span>
          <span className="text-muted">{plain(value)}</span>
        </span>
      ))}
    </>
  );
}
