'use client';
import { formatBytes } from '#lib/format.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { Badge } from '#ui/badge.tsx';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { Skeleton } from '#ui/skeleton.tsx';
import { pairs } from '#ui/value-list.tsx';
import type { VolumeRow } from './rows.ts';

const text = volumes.columns;

function Size({ bytes, pending }: { bytes: number | undefined; pending: boolean }) {
  if (pending) return <Skeleton className="ml-auto inline-block w-12" />;
  return (
    <span className="mono text-muted">{bytes === undefined || bytes < 0 ? volumes.none : formatBytes(bytes)}</span>
  );
}

export function VolumeName({ row, onOpen }: { row: VolumeRow; onOpen: () => void }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <button
        type="button"
        onClick={onOpen}
        title={row.id}
        className="min-w-0 truncate rounded-[4px] text-left font-medium hover:underline"
      >
        {row.anonymous ? <span className="mono font-normal">{row.id.slice(0, 12)}</span> : row.id}
      </button>
      {row.anonymous && <Badge>{volumes.anonymous}</Badge>}
    </span>
  );
}

export type VolumeSizes = { data: ReadonlyMap<string, number> | undefined; isPending: boolean };

export function volumeColumns(onOpen: (row: VolumeRow) => void, sizes: VolumeSizes): Column<VolumeRow>[] {
  return [
    {
      id: 'name',
      header: text.name,
      width: 'minmax(180px, 2fr)',
      sort: (row) => row.id,
      cell: (row) => <VolumeName row={row} onOpen={() => onOpen(row)} />,
    },
    {
      id: 'driver',
      header: text.driver,
      width: '100px',
      sort: (row) => row.volume.Driver,
      cell: (row) => <span className="text-muted">{row.volume.Driver}</span>,
    },
    {
      id: 'size',
      header: text.size,
      width: '96px',
      align: 'end',
      sort: (row) => sizes.data?.get(row.id),
      cell: (row) => <Size bytes={sizes.data?.get(row.id)} pending={sizes.isPending} />,
    },
    {
      id: 'usedBy',
      header: text.usedBy,
      width: 'minmax(140px, 1.5fr)',
      sort: (row) => row.usedBy.length,
      cell: (row) => (
        <span className="text-muted" title={row.usedBy.map((item) => item.name).join('\n')}>
          {row.usedBy.map((item) => item.name).join(', ') || volumes.none}
        </span>
      ),
    },
    {
      id: 'stack',
      header: text.stack,
      width: 'minmax(90px, 1fr)',
      optional: true,
      sort: (row) => row.stack,
      cell: (row) => <span className="text-muted">{row.stack}</span>,
    },
    {
      id: 'created',
      header: text.created,
      width: '96px',
      align: 'end',
      sort: (row) => -Date.parse((row.volume as { CreatedAt?: string }).CreatedAt ?? ''),
      cell: (row) => (
        <RelativeTime time={(row.volume as { CreatedAt?: string }).CreatedAt ?? ''} className="mono text-muted" />
      ),
    },
    {
      id: 'mountpoint',
      header: text.mountpoint,
      width: 'minmax(200px, 3fr)',
      optional: true,
      sort: (row) => row.volume.Mountpoint,
      cell: (row) => (
        <span className="mono text-muted" title={row.volume.Mountpoint}>
          {row.volume.Mountpoint}
        </span>
      ),
    },
    {
      id: 'labels',
      header: text.labels,
      width: 'minmax(160px, 2fr)',
      optional: true,
      cell: (row) => (
        <span className="mono text-muted" title={pairs(row.volume.Labels).join('\n')}>
          {pairs(row.volume.Labels).join(', ')}
        </span>
      ),
    },
  ];
}
