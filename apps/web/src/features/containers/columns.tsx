'use client';
import Link from 'next/link';
import { exitCodeOf, publishedPorts } from '#lib/docker.ts';
import { formatBytes, formatMemory, formatPercent } from '#lib/format.ts';
import { containers } from '#lib/strings/containers.ts';
import { CopyId } from '#ui/copy.tsx';
import type { Column } from '#ui/data-table.tsx';
import { Meter } from '#ui/meter.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { StateMark } from '#ui/state-mark.tsx';
import type { ContainerRow } from './rows.ts';

const text = containers.columns;
const number = 'mono text-muted';

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

export function StateCell({ row }: { row: ContainerRow }) {
  const code = exitCodeOf(row.item.summary.Status ?? '');
  return <StateMark state={row.item.state} detail={row.item.state === 'failed' ? String(code ?? '') : undefined} />;
}

export function Ports({ row }: { row: ContainerRow }) {
  const ports = publishedPorts(row.item.summary.Ports, location.hostname);
  return ports.map((port) =>
    port.href ? (
      <a
        key={port.key}
        href={port.href}
        target="_blank"
        rel="noreferrer"
        className="mono mr-2 rounded-[4px] underline decoration-control underline-offset-2 hover:decoration-text"
      >
        {port.label}
      </a>
    ) : (
      <span key={port.key} className="mono mr-2 text-muted">
        {port.label}
      </span>
    ),
  );
}

function Memory({ row }: { row: ContainerRow }) {
  const { stats } = row;
  if (!stats) return null;
  const used = formatMemory(stats.memoryUsage);
  return (
    <span className="flex flex-col gap-0.5" title={containers.ofLimit(used, formatMemory(stats.memoryLimit))}>
      <span className={number}>{used}</span>
      <Meter value={stats.memoryUsage} max={stats.memoryLimit} label={text.memory} />
    </span>
  );
}

const pair = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? null : (
    <span className={number}>
      {formatBytes(a)} / {formatBytes(b)}
    </span>
  );

export function containerColumns(href: (row: ContainerRow) => string): Column<ContainerRow>[] {
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
        <Link href={href(row)} prefetch={false} className="rounded-[4px] font-medium hover:underline">
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
      width: '112px',
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
      width: 'minmax(72px, 0.7fr)',
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
    ...optionalColumns,
  ];
}

const optionalColumns: Column<ContainerRow>[] = [
  {
    id: 'network',
    header: text.network,
    width: '150px',
    align: 'end',
    optional: true,
    sort: (row) => row.stats && row.stats.networkRx + row.stats.networkTx,
    cell: (row) => pair(row.stats?.networkRx, row.stats?.networkTx),
  },
  {
    id: 'block',
    header: text.block,
    width: '150px',
    align: 'end',
    optional: true,
    sort: (row) => row.stats && row.stats.blockRead + row.stats.blockWrite,
    cell: (row) => pair(row.stats?.blockRead, row.stats?.blockWrite),
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
