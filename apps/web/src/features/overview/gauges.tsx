'use client';
import type { ReactNode } from 'react';
import { formatBytes, formatMemory, formatPercent, formatSeconds } from '#lib/format.ts';
import { messageOf } from '#lib/request.ts';
import { overview } from '#lib/strings/overview.ts';
import { Meter } from '#ui/meter.tsx';
import { Problem } from '#ui/problem.tsx';
import { Skeleton } from '#ui/skeleton.tsx';
import { Sparkline } from '#ui/sparkline.tsx';
import { useHostNow } from './use-host-now.ts';

function Gauge({
  name,
  value,
  note,
  children,
}: {
  name: string;
  value: string | null;
  note: string;
  children: ReactNode;
}) {
  return (
    <section aria-label={name} className="flex min-w-0 flex-col gap-1 bg-page px-6 py-4 max-md:px-4">
      <h2 className="font-normal text-muted text-sm">{name}</h2>
      <p className="flex flex-wrap items-baseline gap-x-2 whitespace-nowrap">
        {value ? (
          <span className="font-medium text-2xl tabular-nums">{value}</span>
        ) : (
          <Skeleton className="my-3 w-20" />
        )}
        <span className="truncate text-muted text-sm">{note}</span>
      </p>
      <div className="flex min-h-7 items-center">{children}</div>
    </section>
  );
}

/** CPU, memory and disk of the machine now. */
export function Gauges({ host, children }: { host: string; children: ReactNode }) {
  const { query, now, past } = useHostNow(host);
  return (
    <>
      {query.isError && (
        <Problem title={overview.nowFailed} className="mx-6 mb-3 max-md:mx-4">
          {messageOf(query.error)}
        </Problem>
      )}
      <div className="grid grid-cols-2 gap-px border-y bg-line lg:grid-cols-4">
        <Gauge
          name={overview.cpu}
          value={now ? formatPercent(now.cpuPercent) : null}
          note={now ? overview.ofCpus(now.cpus, (now.load[0] ?? 0).toFixed(2)) : ''}
        >
          <Sparkline values={past.map((one) => one.cpuPercent)} max={100} label={overview.sparkline(overview.cpu)} />
        </Gauge>
        <Gauge
          name={overview.memory}
          value={now ? formatMemory(now.memoryUsed) : null}
          note={now ? overview.of(formatMemory(now.memoryTotal)) : ''}
        >
          <Sparkline
            values={past.map((one) => one.memoryUsed)}
            max={now?.memoryTotal ?? 1}
            label={overview.sparkline(overview.memory)}
          />
        </Gauge>
        <Gauge
          name={overview.disk}
          value={now ? formatBytes(now.diskUsed) : null}
          note={now ? overview.of(formatBytes(now.diskTotal)) : ''}
        >
          <Meter value={now?.diskUsed ?? 0} max={now?.diskTotal ?? 1} label={overview.disk} className="w-full" />
        </Gauge>
        {children}
      </div>
      <p className="sr-only">{now && overview.up(formatSeconds(now.uptimeSeconds))}</p>
    </>
  );
}

export { Gauge };
