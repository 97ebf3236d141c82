'use client';
import type { AuditRow } from '@contract/rest.ts';
import { ChevronRight } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { hostHref } from '#lib/host.tsx';
import { audit as words } from '#lib/strings/audit.ts';
import { Badge } from '#ui/badge.tsx';
import { cx } from '#ui/class-names.ts';
import { CopyId } from '#ui/copy.tsx';
import { DefinitionList } from '#ui/definition-list.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { shownId } from './shown-id.ts';

export const TEMPLATE =
  'grid grid-cols-[88px_minmax(90px,1fr)_minmax(120px,1.4fr)_minmax(140px,2fr)_96px_20px] gap-x-4 max-md:grid-cols-[1fr_auto_20px]';

/** One row: who did what on what and how it ended; the rest when opened. */
export function AuditRowView({ row, open, onToggle }: { row: AuditRow; open: boolean; onToggle: () => void }) {
  const who = row.actor.name || words.kinds[row.actor.kind];
  return (
    <div className={cx('border-b', open && 'bg-panel')}>
      <button
        type="button"
        aria-expanded={open}
        onClick={onToggle}
        className={cx(
          TEMPLATE,
          'min-h-[36px] w-full items-center px-6 py-1 text-left outline-offset-[-2px] hover:bg-hover max-md:px-4',
        )}
      >
        <RelativeTime time={row.at} className="text-muted max-md:hidden" />
        <span className="truncate max-md:hidden">{who}</span>
        <span className="mono truncate">{row.action}</span>
        <span className="truncate max-md:hidden">
          <ObjectName row={row} />
        </span>
        <Result row={row} />
        <ChevronRight className={cx('size-4 text-faint', open && 'rotate-90')} aria-hidden />
        <span className="col-span-full truncate text-muted text-sm md:hidden">
          <RelativeTime time={row.at} /> · {who} · <ObjectName row={row} />
        </span>
      </button>
      {open && <Detail row={row} />}
    </div>
  );
}

function ObjectName({ row }: { row: AuditRow }) {
  if (!row.object) return null;
  return (
    <>
      <span className="text-faint">{row.object.type} </span>
      {row.object.name || shownId(row.object.id)}
    </>
  );
}

function Result({ row }: { row: AuditRow }) {
  if (row.decision === 'deny')
    return (
      <Badge tone="watch" className="w-fit">
        {words.refused}
      </Badge>
    );
  if (row.result === 'error')
    return (
      <Badge tone="bad" className="w-fit">
        {words.failedResult(row.status)}
      </Badge>
    );
  return <span className="text-muted">{words.ok}</span>;
}

function Detail({ row }: { row: AuditRow }) {
  const facts = words.facts;
  const mono = (text: string) => <span className="mono break-all">{text}</span>;
  const items: [string, ReactNode][] = [
    [facts.seq, mono(String(row.seq))],
    [facts.at, mono(row.at)],
    [facts.actor, `${row.actor.name} (${words.kinds[row.actor.kind]})`],
    [facts.from, mono(row.from || '–')],
    [facts.request, mono(`${row.method} ${row.route}`)],
    [facts.status, mono(String(row.status))],
    [facts.duration, mono(`${row.durationMs.toFixed(1)} ms`)],
    [words.host, mono(row.host)],
  ];
  if (row.object) items.push([facts.object, <ObjectId key="object" row={row} />]);
  if (row.error)
    items.push([
      facts.error,
      <span key="error" className="whitespace-pre-wrap">
        {row.error}
      </span>,
    ]);
  if (Object.keys(row.detail).length > 0) {
    items.push([
      facts.detail,
      <pre key="detail" className="mono whitespace-pre-wrap [overflow-wrap:anywhere]">
        {JSON.stringify(row.detail, null, 2)}
      </pre>,
    ]);
  }
  items.push([facts.hash, <CopyId key="hash" id={row.hash} />]);
  return (
    <div className="px-6 pt-1 pb-4 max-md:px-4">
      <DefinitionList items={items} />
    </div>
  );
}

function ObjectId({ row }: { row: AuditRow }) {
  const object = row.object!;
  if (object.type !== 'container') return <CopyId id={object.id} />;
  return (
    <span className="flex items-center gap-3">
      <CopyId id={object.id} />
      <Link
        href={hostHref(`/containers/${encodeURIComponent(object.id)}?tab=history`, row.host)}
        prefetch={false}
        className="underline decoration-control underline-offset-3 hover:decoration-text"
      >
        {object.name}
      </Link>
    </span>
  );
}
