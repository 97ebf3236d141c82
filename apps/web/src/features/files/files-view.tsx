'use client';
import { useMutation } from '@tanstack/react-query';
import { Download, RefreshCw } from 'lucide-react';
import { useMemo, useState } from 'react';
import { messageOf, RequestError } from '#lib/request.ts';
import { files as words } from '#lib/strings/files.ts';
import { Badge } from '#ui/badge.tsx';
import { IconButton } from '#ui/button.tsx';
import { type Column, DataTable } from '#ui/data-table.tsx';
import { FilterInput, ListToolbar, NoMatch } from '#ui/list-toolbar.tsx';
import { Problem } from '#ui/problem.tsx';
import { type Change, filterChanges } from './changes.ts';
import { downloadPath } from './download.ts';
import { PathForm } from './path-form.tsx';
import { useChanges } from './use-changes.ts';

const columns: Column<Change>[] = [
  {
    id: 'kind',
    header: words.columns.kind,
    width: '120px',
    sort: (row) => row.Kind,
    cell: (row) => <Badge>{words.kinds[row.Kind]}</Badge>,
  },
  {
    id: 'path',
    header: words.columns.path,
    width: 'minmax(240px, 1fr)',
    sort: (row) => row.Path,
    cell: (row) => <Path row={row} />,
  },
];

function Path({ row }: { row: Change }) {
  return (
    <span className={row.Kind === 2 ? 'mono text-muted line-through' : 'mono'} title={row.Path}>
      {row.Path}
    </span>
  );
}

/** What the container's files have that the image's have not, and any path of it to download. */
export function FilesView({ host, container, name }: { host: string; container: string; name: string }) {
  const query = useChanges(host, container);
  const [filter, setFilter] = useState('');
  const [sort, setSort] = useState({ id: 'path', desc: false });
  const all = query.data ?? [];
  const rows = useMemo(() => filterChanges(query.data ?? [], filter), [query.data, filter]);
  const download = useMutation({
    mutationFn: async (path: string) => {
      if (!path.startsWith('/')) throw new Error(words.relative);
      await downloadPath(host, { id: container, name }, path);
    },
  });
  const reason = (error: Error, path: string) =>
    error instanceof RequestError && error.status === 404 ? words.missing(path) : messageOf(error);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <ListToolbar>
        <FilterInput value={filter} onChange={setFilter} label={words.filter} />
        <span className="text-muted" aria-live="polite">
          {query.data && words.count(all.length)}
        </span>
        <IconButton label={words.refresh} busy={query.isFetching} onClick={() => void query.refetch()}>
          <RefreshCw className="size-3.5" />
        </IconButton>
        <PathForm busy={download.isPending} onDownload={download.mutate} />
      </ListToolbar>
      {download.isError && (
        <Problem className="mx-6 my-2 max-md:mx-4" title={words.downloadFailed} onDismiss={download.reset}>
          {reason(download.error, download.variables)}
        </Problem>
      )}
      {query.isError ? (
        <Problem className="m-6 max-md:mx-4" title={words.failed} onRetry={() => void query.refetch()}>
          {messageOf(query.error)}
        </Problem>
      ) : (
        <DataTable
          label={words.label}
          rows={rows}
          rowId={(row) => row.Path}
          columns={columns}
          sort={sort}
          onSort={setSort}
          loading={query.isPending}
          compact={(row) => (
            <span className="flex min-w-0 items-center gap-2">
              <Badge>{words.kinds[row.Kind]}</Badge>
              <span className="truncate">
                <Path row={row} />
              </span>
            </span>
          )}
          actions={(row) =>
            row.Kind !== 2 && (
              <IconButton
                label={words.download}
                aria-label={words.downloadOf(row.Path)}
                onClick={() => download.mutate(row.Path)}
              >
                <Download className="size-4" />
              </IconButton>
            )
          }
          actionsWidth="40px"
          empty={
            all.length > 0 ? (
              <NoMatch text={words.noMatch} clear={words.clear} onClear={() => setFilter('')} />
            ) : (
              <div className="flex flex-1 flex-col items-center justify-center gap-1 py-16">
                <p>{words.none}</p>
                <p className="text-muted text-sm">{words.noneHint}</p>
              </div>
            )
          }
        />
      )}
    </div>
  );
}
