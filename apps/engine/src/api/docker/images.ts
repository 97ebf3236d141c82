import { type DockerRequest, type DockerRoute, empty, json, queryBool } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';
import type { Images } from '#core/images/images.ts';
import type { ListFilter } from '#core/images/list.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import { decodeFilters, type Filters } from './filters.ts';
import { type ImageRoutesDeps, imageTransferRoutes } from './image-transfer.ts';
import { historyAnswer, imageAnswer, imageSummary, pruneAnswer } from './images-to-docker.ts';

const LIST_FILTERS = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];
const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'];

/** A filter that is either on or off. */
function flag(filters: Filters, name: string): boolean | undefined {
  const values = filters.get(name);
  if (!values || values.length === 0) return undefined;
  const on = values.every((value) => /^(1|true)$/i.test(value));
  const off = values.every((value) => /^(0|false)$/i.test(value));
  if (on === off) throw new EngineError('invalid_argument', `invalid filter '${name}=[${values.join(' ')}]'`);
  return on;
}

function until(filters: Filters, now: bigint): bigint | undefined {
  const values = filters.get('until');
  if (!values || values.length === 0) return undefined;
  if (values.length > 1) throw new EngineError('invalid_argument', 'more than one until filter specified');
  const time = parseTimestamp(values[0] ?? '', now);
  if (time === null) throw new EngineError('invalid_argument', `invalid filter 'until=[${values[0]}]'`);
  return time;
}

function listFilter({ query }: DockerRequest, now: bigint): ListFilter {
  const filters = decodeFilters(query.get('filters'), LIST_FILTERS);
  // Before 1.25 a name to look for was a parameter of its own.
  const named = query.get('filter');
  return {
    all: queryBool(query, 'all'),
    dangling: flag(filters, 'dangling'),
    until: until(filters, now),
    references: [...(filters.get('reference') ?? []), ...(named ? [named] : [])],
    labels: filters.get('label'),
    withoutLabels: filters.get('label!'),
    before: filters.get('before'),
    since: filters.get('since'),
  };
}

/** The images of `GET /system/df`: with what they share and how many containers stand on them. */
export function imagesForDiskUsage(images: Images, version: string): object[] {
  return images.list().map((record: ImageRecord) =>
    imageSummary(record, {
      version,
      sharedSize: images.sharedSize(record.id),
      containers: images.usersOf(record.id).length,
    }),
  );
}

function list({ images, now }: ImageRoutesDeps, request: DockerRequest) {
  const withShared = queryBool(request.query, 'shared-size');
  const records = images.list(listFilter(request, now()));
  return json(
    records.map((record) =>
      imageSummary(record, {
        version: request.version,
        ...(withShared && { sharedSize: images.sharedSize(record.id) }),
      }),
    ),
  );
}

async function prune({ images, now }: ImageRoutesDeps, { query }: DockerRequest) {
  const filters = decodeFilters(query.get('filters'), PRUNE_FILTERS);
  const result = await images.prune({
    dangling: flag(filters, 'dangling') ?? true,
    until: until(filters, now()),
    labels: [...(filters.get('label') ?? [])],
    withoutLabels: [...(filters.get('label!') ?? [])],
  });
  return json(pruneAnswer(result));
}

/** Images: list, inspect, history, tag, remove, prune; and, from image-transfer.ts, what moves them. */
export function imageRoutes(deps: ImageRoutesDeps): DockerRoute[] {
  const { images } = deps;
  return [
    {
      method: 'GET',
      path: '/images/json',
      permission: 'images:read',
      handler: async (request) => list(deps, request),
    },
    {
      method: 'GET',
      path: '/images/{name:path}/json',
      permission: 'images:read',
      handler: async ({ params, version }) => json(imageAnswer(await images.resolve(params.name ?? ''), version)),
    },
    {
      method: 'GET',
      path: '/images/{name:path}/history',
      permission: 'images:read',
      handler: async ({ params }) => json(images.history(params.name ?? '').map(historyAnswer)),
    },
    {
      method: 'POST',
      path: '/images/{name:path}/tag',
      permission: 'images:write',
      audit: 'image.tag',
      handler: async ({ params, query }) => {
        await images.tag(params.name ?? '', query.get('repo') ?? '', query.get('tag') ?? '');
        return empty(201);
      },
    },
    {
      method: 'DELETE',
      path: '/images/{name:path}',
      permission: 'images:remove',
      audit: 'image.remove',
      handler: async ({ params, query }) =>
        json(
          await images.remove(params.name ?? '', {
            force: queryBool(query, 'force'),
            prune: !queryBool(query, 'noprune'),
          }),
        ),
    },
    {
      method: 'POST',
      path: '/images/prune',
      since: '1.25',
      permission: 'images:remove',
      audit: 'image.prune',
      handler: (request) => prune(deps, request),
    },
    ...imageTransferRoutes(deps),
  ];
}
