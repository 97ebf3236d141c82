'use client';
import Link from 'next/link';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useImages, useNetworks, useVolumes } from '#lib/collections/use-lists.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { overview } from '#lib/strings/overview.ts';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { AttentionList } from './attention-list.tsx';
import { EventList } from './event-list.tsx';
import { Gauge, Gauges } from './gauges.tsx';

export function OverviewPage({ hostName, hostNote }: { hostName: string; hostNote: string }) {
  const host = useHost();
  const containers = useContainers(host);
  const images = useImages(host).data;
  const volumes = useVolumes(host).data;
  const networks = useNetworks(host).data;
  const items = containers.data ?? [];
  const running = items.filter((item) => item.summary.State === 'running' || item.summary.State === 'paused').length;
  const counts = [
    { href: '/images', label: overview.counts.images, count: images?.length },
    { href: '/volumes', label: overview.counts.volumes, count: volumes?.length },
    { href: '/networks', label: overview.counts.networks, count: networks?.length },
  ];
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <PageHeader title={hostName} meta={<span>{hostNote}</span>} />
      <Gauges host={host}>
        <Gauge
          name={overview.running}
          value={containers.data ? String(running) : null}
          note={containers.data ? overview.notRunning(items.length - running) : ''}
        >
          <p className="flex min-w-0 flex-wrap gap-x-3 overflow-hidden whitespace-nowrap text-sm max-md:h-10">
            {counts.map((one) => (
              <Link
                key={one.href}
                href={hostHref(one.href, host)}
                prefetch={false}
                className="text-muted hover:text-text hover:underline"
              >
                {one.label} <span className="mono">{one.count ?? '–'}</span>
              </Link>
            ))}
          </p>
        </Gauge>
      </Gauges>
      {containers.isError && (
        <Problem
          title={overview.listFailed}
          onRetry={() => void containers.refetch()}
          className="mx-6 mt-4 max-md:mx-4"
        >
          {messageOf(containers.error)}
        </Problem>
      )}
      <div className="grid flex-1 content-start lg:grid-cols-2 lg:content-stretch">
        {containers.isSuccess ? <AttentionList host={host} items={items} /> : <div />}
        <EventList host={host} />
      </div>
    </div>
  );
}
