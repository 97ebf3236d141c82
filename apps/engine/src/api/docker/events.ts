import type { DockerRoute } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import { createEventFilter, EVENT_FILTERS } from '#core/events/filter.ts';
import { eventStream } from '#core/events/stream.ts';
import { eventLine } from './events-to-docker.ts';
import { decodeFilters } from './filters.ts';
import { timeBound } from './logs.ts';

export type EventsRoutesDeps = {
  events: Pick<EventBus, 'subscribe' | 'history'>;
  /** Wall clock in nanoseconds. */
  now(): bigint;
};

/** `GET /events`. */
export function eventsRoutes({ events, now }: EventsRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'GET',
      path: '/events',
      permission: 'events:read',
      handler: async ({ query }) => {
        // Everything since the epoch: unlike for logs, where 0 is no bound.
        const since = query.get('since') === '0' ? 0n : timeBound(query, 'since', now());
        const until = timeBound(query, 'until', now());
        if (since !== null && until !== null && since > until) {
          throw new EngineError('invalid_argument', '`since` time cannot be after `until` time');
        }
        const filter = createEventFilter(decodeFilters(query.get('filters'), EVENT_FILTERS));
        const body = eventStream(events, { since, until, filter, encode: eventLine, now });
        return { kind: 'stream', contentType: 'application/json', body };
      },
    },
  ];
}
