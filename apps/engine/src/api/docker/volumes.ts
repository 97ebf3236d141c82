import { z } from 'zod';
import { type DockerRequest, type DockerRoute, empty, json, queryBool } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';
import type { VolumeRecord } from '#core/volumes/types.ts';
import type { VolumeCreate, Volumes } from '#core/volumes/volumes.ts';
import { decodeBody } from './decode.ts';
import { decodeFilters, type Filters } from './filters.ts';
import { hasLabels, stringMap } from './string-map.ts';
import { labelsOf, volumeToDocker } from './volumes-to-docker.ts';

export type VolumeRoutesDeps = { volumes: Volumes };

const LIST_FILTERS = ['dangling', 'driver', 'label', 'name'];
const PRUNE_FILTERS = ['all', 'label', 'label!'];

const text = z.string().nullish();
const createSchema = z.object({
  Name: text,
  Driver: text,
  DriverOpts: stringMap,
  Labels: stringMap,
  ClusterVolumeSpec: z.unknown().optional(),
});

function decodeCreate(body: unknown): VolumeCreate {
  const { Name, Driver, DriverOpts, Labels, ClusterVolumeSpec } = decodeBody(createSchema, body);
  if (ClusterVolumeSpec !== undefined && ClusterVolumeSpec !== null) {
    throw new EngineError('not_implemented', 'cluster volumes are not implemented by Gantry');
  }
  return { name: Name ?? '', driver: Driver || 'local', options: DriverOpts ?? {}, labels: Labels ?? {} };
}

function parseBool(name: string, value: string): boolean {
  if (['true', '1'].includes(value)) return true;
  if (['false', '0'].includes(value)) return false;
  throw new EngineError('invalid_argument', `invalid filter '${name}=${value}'`);
}

/** Values of one filter are alternatives, labels all have to be there. */
function listTest(filters: Filters, inUse: (name: string) => boolean): (volume: VolumeRecord) => boolean {
  const dangling = (filters.get('dangling') ?? []).map((value) => parseBool('dangling', value));
  const any = (name: string, test: (value: string) => boolean): boolean => filters.get(name)?.some(test) ?? true;
  return (volume) =>
    any('name', (value) => volume.name.includes(value)) &&
    any('driver', (value) => volume.driver === value) &&
    hasLabels(labelsOf(volume) ?? {}, filters.get('label') ?? []) &&
    (dangling.length === 0 || dangling.includes(!inUse(volume.name)));
}

/** Since API 1.42 only volumes that nobody named are pruned, unless `all` says otherwise. */
function pruneTest(filters: Filters, version: string): (volume: VolumeRecord) => boolean {
  const all = (filters.get('all') ?? []).map((value) => parseBool('all', value));
  if (all.length > 1) throw new EngineError('invalid_argument', 'more than one all filter specified');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const named = all[0] ?? (major === 1 && minor < 42);
  return (volume) => {
    const labels = labelsOf(volume) ?? {};
    return (
      (named || volume.anonymous) &&
      hasLabels(labels, filters.get('label') ?? []) &&
      !(filters.get('label!') ?? []).some((label) => hasLabels(labels, [label]))
    );
  };
}

const nameOf = ({ params }: DockerRequest): string => params.name ?? '';

function reads({ volumes }: VolumeRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'GET',
      path: '/volumes',
      permission: 'volumes:read',
      handler: async ({ query }) => {
        const filters = decodeFilters(query.get('filters'), LIST_FILTERS);
        const test = listTest(filters, (name) => volumes.users(name).length > 0);
        const found = volumes.list().filter(test);
        return json({ Volumes: found.map((volume) => volumeToDocker(volume)), Warnings: null });
      },
    },
    {
      method: 'GET',
      path: '/volumes/{name}',
      permission: 'volumes:read',
      handler: async (request) => json(volumeToDocker(volumes.inspect(nameOf(request)))),
    },
  ];
}

function changes({ volumes }: VolumeRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/volumes/create',
      permission: 'volumes:write',
      audit: 'volume.create',
      handler: async (request) => json(volumeToDocker(await volumes.create(decodeCreate(request.json))), 201),
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      since: '1.25',
      permission: 'volumes:remove',
      audit: 'volume.prune',
      handler: async ({ query, version }) => {
        const matches = pruneTest(decodeFilters(query.get('filters'), PRUNE_FILTERS), version);
        const { deleted, reclaimed } = await volumes.prune(matches);
        return json({ VolumesDeleted: deleted, SpaceReclaimed: reclaimed });
      },
    },
    {
      method: 'DELETE',
      path: '/volumes/{name}',
      permission: 'volumes:remove',
      audit: 'volume.remove',
      handler: async (request) => {
        await volumes.remove(nameOf(request), { force: queryBool(request.query, 'force') });
        return empty(204);
      },
    },
  ];
}

export const volumeRoutes = (deps: VolumeRoutesDeps): DockerRoute[] => [...reads(deps), ...changes(deps)];
