'use client';
import Link from 'next/link';
import type { ContainerItem } from '#lib/collections/use-containers.ts';
import { hostHref } from '#lib/host.tsx';
import { overview } from '#lib/strings/overview.ts';
import { buttonClass } from '#ui/button.tsx';
import { RelativeTime, useNow } from '#ui/relative-time.tsx';
import { StateShape } from '#ui/state-mark.tsx';
import { needsAttention } from './attention.ts';
import { useLatestEvents } from './use-latest-events.ts';

export function AttentionList({ host, items }: { host: string; items: readonly ContainerItem[] }) {
  const found = needsAttention(items, useLatestEvents(host).data, useNow());
  return (
    <section aria-labelledby="attention" className="flex min-w-0 flex-col">
      <h2 id="attention" className="px-6 pt-5 pb-2 text-base max-md:px-4">
        {overview.attention}
        {found.length > 0 && <span className="mono ml-2 font-normal text-muted">{found.length}</span>}
      </h2>
      {found.length === 0 ? (
        <div className="flex flex-col items-start gap-3 px-6 py-2 text-muted max-md:px-4">
          <p>{items.length === 0 ? overview.noContainers : overview.calm}</p>
          {items.length === 0 && (
            <Link href={hostHref('/containers/new', host)} prefetch={false} className={buttonClass('primary')}>
              {overview.firstRun}
            </Link>
          )}
        </div>
      ) : (
        <ul>
          {found.map(({ item, state, reason }) => (
            <li key={item.id} className="border-b">
              <Link
                href={hostHref(`/containers/${item.id}`, host)}
                prefetch={false}
                className="flex min-h-[37px] items-center gap-3 px-6 outline-offset-[-2px] hover:bg-hover max-md:min-h-11 max-md:px-4"
              >
                <StateShape state={state} />
                <span className="truncate font-medium">{item.name}</span>
                <span className="min-w-0 flex-1 truncate text-muted">{reason}</span>
                {item.since && <RelativeTime time={item.since} className="mono text-faint" />}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
