import { Readable } from 'node:stream';
import { type DockerRequest, type DockerRoute, empty, json, queryBool } from '#api/http/route.ts';
import type { Containers } from '#core/containers/containers.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import type { WaitCondition, WaitResult } from '#core/containers/waits.ts';
import { EngineError } from '#core/errors.ts';
import type { ImageLookup } from '#core/images/types.ts';
import { decodeCreate, decodeUpdate } from './container-decode.ts';
import { type Sizes, toInspect, toSummary } from './container-to-docker.ts';
import { decodeFilters } from './filters.ts';

export type ContainerRoutesDeps = {
  containers: Containers;
  images: Pick<ImageLookup, 'resolve'>;
  /** Ids of the execs that run in a container now. */
  execIds: (containerId: string) => string[];
  /** Wall clock in nanoseconds. */
  now: () => bigint;
};

const LIST_FILTERS =
  'ancestor before expose exited health id is-task isolation label label! name network publish since status volume'.split(
    ' ',
  );
const PRUNE_FILTERS = ['label', 'label!', 'until'];

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

function queryInt(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw invalid(`invalid value ${JSON.stringify(text)} for ${name}: not a number`);
  return Number(text);
}

const idOf = (request: DockerRequest): string => request.params.id ?? '';

/** `t` and `signal` of stop and restart. */
function stopOptions(query: URLSearchParams): { timeout?: number; signal?: string } {
  const timeout = queryInt(query, 't');
  const signal = query.get('signal');
  return { ...(timeout === undefined ? {} : { timeout }), ...(signal ? { signal } : {}) };
}

/** The routes of `docker container …`, except what streams a container's bytes. */
export function containersRoutes(deps: ContainerRoutesDeps): DockerRoute[] {
  return [...readRoutes(deps), ...changeRoutes(deps), ...controlRoutes(deps)];
}

function readRoutes(deps: ContainerRoutesDeps): DockerRoute[] {
  const { containers } = deps;
  return [
    {
      method: 'GET',
      path: '/containers/json',
      permission: 'containers:read',
      handler: async ({ query }) => {
        const limit = queryInt(query, 'limit');
        const records = await containers.list({
          all: queryBool(query, 'all'),
          ...(limit === undefined ? {} : { limit }),
          filters: decodeFilters(query.get('filters'), LIST_FILTERS),
        });
        return json(await summaries(deps, records, queryBool(query, 'size')));
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/json',
      permission: 'containers:read',
      handler: async (request) => {
        const record = containers.resolve(idOf(request));
        const size = queryBool(request.query, 'size') ? await containers.size(record) : undefined;
        const graph = await containers.graph(record).catch(() => undefined);
        return json(
          toInspect(record, {
            execIds: deps.execIds(record.id),
            ...(graph ? { graph } : {}),
            ...(size ? { size } : {}),
          }),
        );
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/wait',
      permission: 'containers:read',
      handler: async (request) => {
        const condition = waitCondition(request.query.get('condition'));
        // Registered before the headers go out: a client that has seen them may rely on it.
        const exit = containers.wait(idOf(request), condition, request.signal);
        // The client may be gone before its answer is read.
        exit.catch(() => undefined);
        return { kind: 'stream', contentType: 'application/json', body: Readable.from(waitBody(exit)) };
      },
    },
  ];
}

function waitCondition(text: string | null): WaitCondition {
  if (text === null || text === '' || text === 'not-running') return 'not-running';
  if (text === 'next-exit' || text === 'removed') return text;
  throw invalid(`invalid condition: ${JSON.stringify(text)}`);
}

async function* waitBody(exit: Promise<WaitResult>): AsyncGenerator<string> {
  try {
    const { exitCode, error } = await exit;
    yield `${JSON.stringify({ StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) })}\n`;
  } catch {
    // The client went away: there is nobody to tell.
  }
}

async function summaries(deps: ContainerRoutesDeps, records: readonly ContainerRecord[], size: boolean) {
  const now = deps.now();
  const images = new Map<string, Promise<string | undefined>>();
  const idOfName = (name: string): Promise<string | undefined> => {
    const known = images.get(name);
    if (known) return known;
    const id = deps.images.resolve(name).then(
      (image) => image.id,
      () => undefined,
    );
    images.set(name, id);
    return id;
  };
  return Promise.all(
    records.map(async (record) => {
      // A name that now means another image would lie.
      const current = (await idOfName(record.config.Image)) === record.imageId;
      const sizes: Sizes | undefined = size ? await deps.containers.size(record) : undefined;
      return toSummary(record, {
        image: current ? record.config.Image : record.imageId,
        now,
        ...(sizes ? { size: sizes } : {}),
      });
    }),
  );
}

function changeRoutes({ containers }: ContainerRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/containers/create',
      permission: 'containers:create',
      audit: 'container.create',
      handler: async ({ json: body, query, version }) => {
        const { record, warnings } = await containers.create(decodeCreate(body, query, version));
        return json({ Id: record.id, Warnings: warnings }, 201);
      },
    },
    {
      method: 'POST',
      path: '/containers/prune',
      since: '1.25',
      permission: 'containers:remove',
      audit: 'container.prune',
      handler: async ({ query }) => {
        const { deleted, reclaimed } = await containers.prune(decodeFilters(query.get('filters'), PRUNE_FILTERS));
        return json({ ContainersDeleted: deleted, SpaceReclaimed: reclaimed });
      },
    },
    {
      method: 'DELETE',
      path: '/containers/{id}',
      permission: 'containers:remove',
      audit: 'container.remove',
      handler: async (request) => {
        const { query } = request;
        if (queryBool(query, 'link'))
          throw invalid(`could not find the parent of link ${idOf(request)}: use parent/alias`);
        await containers.remove(idOf(request), { force: queryBool(query, 'force'), volumes: queryBool(query, 'v') });
        return empty();
      },
    },
    {
      // The name of a link is a path: `docker rm --link parent/alias`.
      method: 'DELETE',
      path: '/containers/{id}/{alias}',
      permission: 'containers:control',
      audit: 'container.unlink',
      handler: async ({ params: { id = '', alias = '' }, query }) => {
        if (!queryBool(query, 'link')) throw new EngineError('not_found', `No such container: ${id}/${alias}`);
        await containers.unlink(id, alias);
        return empty();
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/rename',
      permission: 'containers:control',
      audit: 'container.rename',
      handler: async (request) => {
        await containers.rename(idOf(request), request.query.get('name') ?? '');
        return empty();
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/update',
      permission: 'containers:create',
      audit: 'container.update',
      handler: async (request) => {
        const warnings = await containers.update(idOf(request), decodeUpdate(request.json));
        return json({ Warnings: warnings });
      },
    },
  ];
}

function controlRoutes({ containers }: ContainerRoutesDeps): DockerRoute[] {
  const control = (
    verb: string,
    act: (request: DockerRequest) => Promise<void>,
    status: 200 | 204 = 204,
  ): DockerRoute => ({
    method: 'POST',
    path: `/containers/{id}/${verb}`,
    permission: 'containers:control',
    audit: `container.${verb}`,
    handler: async (request) => {
      await act(request);
      return empty(status);
    },
  });
  return [
    control('start', async (request) => {
      if (request.query.get('checkpoint')) throw new EngineError('not_implemented', 'checkpoints are not supported');
      await containers.start(idOf(request));
    }),
    control('stop', (request) => containers.stop(idOf(request), stopOptions(request.query))),
    control('restart', (request) => containers.restart(idOf(request), stopOptions(request.query))),
    control('kill', (request) => containers.kill(idOf(request), request.query.get('signal') ?? '')),
    control('pause', (request) => containers.pause(idOf(request))),
    control('unpause', (request) => containers.unpause(idOf(request))),
    {
      // Follows the window of whoever is attached: too often, and too little, for an audit row.
      method: 'POST',
      path: '/containers/{id}/resize',
      permission: 'containers:attach',
      handler: async (request) => {
        const rows = queryInt(request.query, 'h') ?? -1;
        const columns = queryInt(request.query, 'w') ?? -1;
        for (const [name, value] of [['height', rows] as const, ['width', columns] as const]) {
          if (value < 0 || value > 65_535) throw invalid(`invalid resize ${name}`);
        }
        await containers.resize(idOf(request), { rows, columns });
        return empty(200);
      },
    },
  ];
}
