'use client';
import { containers } from '#lib/strings/containers.ts';
import { CopyId } from '#ui/copy.tsx';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { number, Pair, Restarts } from './cells.tsx';
import type { ContainerRow } from './rows.ts';

const text = containers.columns;

/** Off until somebody chooses them. */
export const optionalColumns = (host: string): Column<ContainerRow>[] => [
  {
    id: 'restarts',
    header: text.restarts,
    width: '88px',
    align: 'end',
    optional: true,
    cell: (row) => <Restarts host={host} row={row} />,
  },
  {
    id: 'network',
    header: text.network,
    width: '150px',
    align: 'end',
    optional: true,
    sort: (row) => row.stats && row.stats.networkRx + row.stats.networkTx,
    cell: (row) => <Pair values={row.stats && [row.stats.networkRx, row.stats.networkTx]} />,
  },
  {
    id: 'block',
    header: text.block,
    width: '150px',
    align: 'end',
    optional: true,
    sort: (row) => row.stats && row.stats.blockRead + row.stats.blockWrite,
    cell: (row) => <Pair values={row.stats && [row.stats.blockRead, row.stats.blockWrite]} />,
  },
  {
    id: 'pids',
    header: text.pids,
    width: '64px',
    align: 'end',
    optional: true,
    sort: (row) => row.stats?.pids,
    cell: (row) => row.stats && <span className={number}>{row.stats.pids}</span>,
  },
  {
    id: 'ip',
    header: text.ip,
    width: '120px',
    optional: true,
    sort: (row) => row.ip,
    cell: (row) => <span className={number}>{row.ip}</span>,
  },
  {
    id: 'id',
    header: text.id,
    width: '132px',
    optional: true,
    sort: (row) => row.id,
    cell: (row) => <CopyId id={row.id} />,
  },
  {
    id: 'created',
    header: text.created,
    width: '88px',
    align: 'end',
    optional: true,
    sort: (row) => -row.item.summary.Created,
    cell: (row) => <RelativeTime time={row.item.summary.Created * 1000} className={number} />,
  },
];
