'use client';
import { Download, RefreshCw, ScrollText } from 'lucide-react';
import { useSearchParams } from 'next/navigation';
import { useCallback, useMemo } from 'react';
import { useHost } from '#lib/host.tsx';
import { useLiveEvents } from '#lib/live.tsx';
import { messageOf } from '#lib/request.ts';
import { audit as words } from '#lib/strings/audit.ts';
import { replaceParams } from '#lib/url-state.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { ListToolbar, NoMatch } from '#ui/list-toolbar.tsx';
import { Menu, MenuItem } from '#ui/menu.tsx';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { useNow } from '#ui/relative-time.tsx';
import { AuditFilterBar } from './audit-filters.tsx';
import { AuditList } from './audit-list.tsx';
import { type AuditFilters, exportHref, FILTER_NAMES, toQuery } from './filters.ts';
import { useAudit } from './use-audit.ts';

/** Who changed what, newest first. */
export function AuditPage() {
  const params = useSearchParams();
  const filters = Object.fromEntries(FILTER_NAMES.map((name) => [name, params.get(name) ?? ''])) as AuditFilters;
  const key = JSON.stringify(filters);
  // Whole minutes: a span moves on, without a question at every tick of the clock.
  const minute = Math.floor(useNow() / 60_000);
  const query = useMemo(() => toQuery(JSON.parse(key) as AuditFilters, minute * 60_000), [key, minute]);
  const audit = useAudit(query);
  const rows = useMemo(() => audit.data?.pages.flatMap((page) => page.rows) ?? [], [audit.data]);
  const filtered = FILTER_NAMES.some((name) => filters[name] !== '');
  const { fetchNextPage, refetch } = audit;
  const onMore = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  // While the newest page is all there is, it is kept up; further down nothing may jump.
  useLiveEvents(useHost(), () => {
    if ((audit.data?.pages.length ?? 0) === 1) void refetch();
  });
  return (
    <>
      <PageHeader
        title={words.title}
        meta={audit.data && <span>{words.count(audit.data.pages[0]?.total ?? 0)}</span>}
        actions={
          <>
            <IconButton label={words.refresh} size="md" busy={audit.isRefetching} onClick={() => void refetch()}>
              <RefreshCw className="size-4" />
            </IconButton>
            <Menu trigger={<Button icon={<Download className="size-4" />}>{words.export}</Button>}>
              <MenuItem onSelect={() => location.assign(exportHref(query, 'jsonl'))}>{words.exportJson}</MenuItem>
              <MenuItem onSelect={() => location.assign(exportHref(query, 'csv'))}>{words.exportCsv}</MenuItem>
            </Menu>
          </>
        }
      />
      <ListToolbar>
        <AuditFilterBar filters={filters} onChange={replaceParams} />
      </ListToolbar>
      {audit.error && (
        <Problem className="m-6 max-md:mx-4" title={words.failed} onRetry={() => void refetch()}>
          {messageOf(audit.error)}
        </Problem>
      )}
      {audit.data && rows.length === 0 && (filtered ? <Nothing /> : <Empty />)}
      {rows.length > 0 && (
        <AuditList rows={rows} hasMore={audit.hasNextPage} loadingMore={audit.isFetchingNextPage} onMore={onMore} />
      )}
    </>
  );
}

function Nothing() {
  const clear = () => replaceParams(Object.fromEntries(FILTER_NAMES.map((name) => [name, null])));
  return <NoMatch text={words.noMatch} clear={words.clear} onClear={clear} />;
}

function Empty() {
  return (
    <div className="mx-auto flex max-w-md flex-1 flex-col items-center justify-center gap-2 px-6 py-16 text-center">
      <ScrollText className="size-5 text-faint" aria-hidden />
      <h2 className="text-lg">{words.empty}</h2>
      <p className="text-muted">{words.emptyText}</p>
    </div>
  );
}
