'use client';
import { volumes } from '#lib/strings/volumes.ts';
import { Badge } from '#ui/badge.tsx';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import type { VolumeRow } from './rows.ts';

const text = volumes.columns;

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

export function volumeColumns(onOpen: (row: VolumeRow) => void): Column<VolumeRow>[] {
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
      id: 'usedBy',
      header: text.usedBy,
      width: 'minmax(140px, 1.5fr)',
      sort: (row) => row.usedBy.length,
      cell: (row) => (
        <span className="text-muted">{row.usedBy.map((item) => item.name).join(', ') || volumes.none}</span>
      ),
    },
    {
      id: 'stack',
      header: text.stack,
      width: 'minmax(90px, 1fr)',
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
      cell: (row) => <span className="mono text-muted">{row.volume.Mountpoint}</span>,
    },
  ];
}
