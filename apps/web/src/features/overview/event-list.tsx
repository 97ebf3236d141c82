'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import { Box, HardDrive, Layers, Network, ServerCog } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { eventSentence } from '#lib/event-text.ts';
import { hostHref } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { overview } from '#lib/strings/overview.ts';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { condense } from './condense.ts';
import { useLatestEvents } from './use-latest-events.ts';

const icons = new Map([
  ['container', Box],
  ['image', Layers],
  ['volume', HardDrive],
  ['network', Network],
]);

export function EventList({ host }: { host: string }) {
  const query = useLatestEvents(host);
  const events = condense(query.data ?? []);
  return (
    <section aria-labelledby="events" className="flex min-w-0 flex-col lg:border-l">
      <h2 id="events" className="px-6 pt-5 pb-2 text-base max-md:px-4">
        {overview.events}
      </h2>
      {query.isError && (
        <Problem title={overview.eventsFailed} onRetry={() => void query.refetch()} className="mx-6 max-md:mx-4">
          {messageOf(query.error)}
        </Problem>
      )}
      {query.isSuccess && events.length === 0 && (
        <p className="px-6 py-2 text-muted max-md:px-4">{overview.noEvents}</p>
      )}
      <ul>
        {events.slice(0, 30).map(({ event, times }) => (
          <EventRow
            key={`${event.timeNano} ${event.Actor.ID} ${event.Action}`}
            host={host}
            event={event}
            times={times}
          />
        ))}
      </ul>
    </section>
  );
}

function EventRow({ host, event, times }: { host: string; event: LiveEvent; times: number }) {
  const { subject, verb, detail, kind } = eventSentence(event);
  const Icon = icons.get(kind) ?? ServerCog;
  const name: ReactNode =
    kind === 'container' && event.Action !== 'destroy' ? (
      <Link href={hostHref(`/containers/${event.Actor.ID}`, host)} prefetch={false} className="hover:underline">
        {subject}
      </Link>
    ) : (
      subject
    );
  return (
    <li className="flex min-h-[38px] items-center gap-3 border-b px-6 max-md:px-4">
      <Icon className="size-4 shrink-0 text-faint" strokeWidth={1.7} aria-label={kind} />
      <span className="min-w-0 truncate font-medium">{name}</span>
      <span className="min-w-12 flex-1 truncate text-muted">
        {verb}
        {detail && <span className="mono ml-1.5">{detail}</span>}
        {times > 1 && <span className="mono ml-2 text-faint">{overview.times(times)}</span>}
      </span>
      <RelativeTime time={event.timeNano / 1e6} className="mono shrink-0 whitespace-nowrap text-faint" />
    </li>
  );
}
