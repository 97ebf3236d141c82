'use client';
import Link from 'next/link';
import { formatPercent } from '#lib/format.ts';
import { hostHref } from '#lib/host.tsx';
import { containers } from '#lib/strings/containers.ts';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { Memory, number, Ports, StateCell } from './cells.tsx';
import { optionalColumns } from './optional-columns.tsx';
import type { ContainerRow } from './rows.ts';

const text = containers.columns;

/** Order of states when sorted: what needs somebody first. */
const weight = [
  'unhealthy',
  'restarting',
  'failed',
  'dead',
  'starting',
  'running',
  'healthy',
  'paused',
  'created',
  'removing',
  'exited',
];

export function containerColumns(host: string): Column<ContainerRow>[] {
  return [
    {
      id: 'state',
      header: text.state,
      width: '124px',
      sort: (row) => weight.indexOf(row.item.state),
      cell: (row) => <StateCell row={row} />,
    },
    {
      id: 'name',
      header: text.name,
      width: 'minmax(140px, 1.6fr)',
      sort: (row) => row.item.name,
      cell: (row) => (
        <Link
          href={hostHref(`/containers/${row.id}`, host)}
          prefetch={false}
          title={row.item.name}
          className="rounded-[4px] font-medium hover:underline"
        >
          {row.item.name}
        </Link>
      ),
    },
    {
      id: 'image',
      header: text.image,
      width: 'minmax(140px, 1.6fr)',
      sort: (row) => row.image,
      cell: (row) => (
        <span className="mono text-muted" title={row.item.summary.Image}>
          {row.image}
        </span>
      ),
    },
    {
      id: 'cpu',
      header: text.cpu,
      width: '80px',
      align: 'end',
      sort: (row) => row.stats?.cpuPercent,
      cell: (row) => row.stats && <span className={number}>{formatPercent(row.stats.cpuPercent)}</span>,
    },
    {
      id: 'memory',
      header: text.memory,
      width: '176px',
      align: 'end',
      sort: (row) => row.stats?.memoryUsage,
      cell: (row) => <Memory row={row} />,
    },
    {
      id: 'ports',
      header: text.ports,
      width: 'minmax(110px, 1.2fr)',
      sort: (row) => row.item.summary.Ports?.find((port) => port.PublicPort)?.PublicPort,
      cell: (row) => <Ports row={row} />,
    },
    {
      id: 'stack',
      header: text.stack,
      width: 'minmax(96px, 0.8fr)',
      sort: (row) => row.stack,
      cell: (row) => <span className="text-muted">{row.stack}</span>,
    },
    {
      id: 'since',
      header: text.since,
      width: '80px',
      align: 'end',
      sort: (row) => (row.item.since === null ? null : -row.item.since),
      cell: (row) => row.item.since && <RelativeTime time={row.item.since} className={number} />,
    },
    ...optionalColumns(host),
  ];
}
