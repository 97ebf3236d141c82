import { type DockerRoute, json, queryBool } from '#api/http/route.ts';
import { announce } from '#core/containers/announce.ts';
import type { Runtime } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import type { Usage } from '#core/system/usage.ts';
import { usageStream } from '#core/system/usage-stream.ts';
import { containerStats } from './stats-to-docker.ts';

export type StatsRoutesDeps = {
  containers: { resolve(ref: string): ContainerRecord; get(id: string): ContainerRecord | undefined };
  usage: Usage;
  runtime: Pick<Runtime, 'top'>;
  events: Pick<EventBus, 'publish'>;
};

/** `GET /containers/{id}/stats` and `GET /containers/{id}/top`. */
export function statsRoutes({ containers, usage, runtime, events }: StatsRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'GET',
      path: '/containers/{id}/stats',
      permission: 'containers:read',
      handler: async ({ params, query, signal }) => {
        const container = containers.resolve(params.id as string);
        const { id } = container;
        const now = (): ContainerRecord | undefined => containers.get(id);
        if (!queryBool(query, 'stream', true)) {
          const pair = queryBool(query, 'one-shot') ? await usage.read(id) : await usage.readPair(id, signal);
          return json(containerStats(now() ?? container, pair));
        }
        const body = usageStream(
          async () => (now() === undefined ? undefined : usage.read(id)),
          (pair) => `${JSON.stringify(containerStats(now() ?? container, pair))}\n`,
        );
        return { kind: 'stream', contentType: 'application/json', body };
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/top',
      permission: 'containers:read',
      handler: async ({ params, query }) => {
        const container = containers.resolve(params.id as string);
        assertRunning(container);
        const psArgs = (query.get('ps_args') || '-ef').split(/\s+/).filter((word) => word !== '');
        const { titles, processes } = await runtime.top(container.id, psArgs);
        announce({ events }, container, 'top');
        return json({ Titles: titles, Processes: processes });
      },
    },
  ];
}

function assertRunning({ id, state }: ContainerRecord): void {
  if (state.status === 'restarting') {
    throw new EngineError('conflict', `Container ${id} is restarting, wait until the container is running`);
  }
  if (state.status !== 'running' && state.status !== 'paused') {
    throw new EngineError('conflict', `container ${id} is not running`);
  }
}
