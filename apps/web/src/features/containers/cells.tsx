'use client';
import { useQuery } from '@tanstack/react-query';
import { collectionKeys } from '#lib/collections/keys.ts';
import { type ContainerInspect, exitCodeOf, publishedPorts } from '#lib/docker.ts';
import { formatBytes, formatMemory } from '#lib/format.ts';
import { dockerPath, request } from '#lib/request.ts';
import { containers } from '#lib/strings/containers.ts';
import { Meter } from '#ui/meter.tsx';
import { StateMark } from '#ui/state-mark.tsx';
import type { ContainerRow } from './rows.ts';

export const number = 'mono text-muted';

export function StateCell({ row }: { row: ContainerRow }) {
  const code = exitCodeOf(row.item.summary.Status ?? '');
  return <StateMark state={row.item.state} detail={row.item.state === 'failed' ? String(code ?? '') : undefined} />;
}

export function Ports({ row }: { row: ContainerRow }) {
  const ports = publishedPorts(row.item.summary.Ports, location.hostname);
  const all = ports.map((port) => port.label).join('\n');
  const links = ports.map((port) =>
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
  return ports.length > 0 && <span title={all}>{links}</span>;
}

/** What it uses, of what it may; a container without a limit may use what the host has. */
export function Memory({ row }: { row: ContainerRow }) {
  const { stats } = row;
  if (!stats) return null;
  const [used, limit] = [formatMemory(stats.memoryUsage), formatMemory(stats.memoryLimit)];
  return (
    <span className="flex flex-col gap-0.5" title={containers.ofLimit(used, limit)}>
      <span className="mono text-muted">
        {used} <span className="text-faint">/ {limit}</span>
      </span>
      <Meter value={stats.memoryUsage} max={stats.memoryLimit} label={containers.columns.memory} />
    </span>
  );
}

export function Pair({ values }: { values: readonly [number, number] | undefined }) {
  if (!values) return null;
  return (
    <span className={number}>
      {formatBytes(values[0])} / {formatBytes(values[1])}
    </span>
  );
}

/** Only `inspect` tells it: asked for rows in view, again when the state changes. */
export function Restarts({ host, row }: { host: string; row: ContainerRow }) {
  const { data } = useQuery({
    queryKey: [...collectionKeys.host(host), 'restarts', row.id, row.item.state, row.item.since],
    queryFn: ({ signal }) => request<ContainerInspect>(dockerPath(host, `/containers/${row.id}/json`), { signal }),
    select: (container) => container.RestartCount,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data === undefined) return null;
  return <span className={data > 0 ? 'mono text-text' : number}>{data}</span>;
}
