import { type DockerRequest, type DockerRoute, empty, json } from '#api/http/route.ts';
import { completeEndpoint } from '#core/containers/endpoints.ts';
import { EngineError } from '#core/errors.ts';
import type { Networks } from '#core/networks/networks.ts';
import type { NetworkRecord } from '#core/networks/types.ts';
import { parseNano } from '#lib/time.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import { decodeFilters, type Filters } from './filters.ts';
import { decodeConnect, decodeDisconnect, decodeNetworkCreate } from './networks-decode.ts';
import { networkInspectToDocker, networkToDocker } from './networks-to-docker.ts';
import { hasLabels } from './string-map.ts';

export type NetworkRoutesDeps = {
  networks: Networks;
  /** Wall clock in nanoseconds. */
  now: () => bigint;
};

const LIST_FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const PRUNE_FILTERS = ['label', 'label!', 'until'];

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);
const idOf = ({ params }: DockerRequest): string => params.id ?? '';

/** Values of one filter are alternatives, labels all have to be there. */
function listTest(filters: Filters, inUse: (id: string) => boolean): (network: NetworkRecord) => boolean {
  const dangling = (filters.get('dangling') ?? []).map((value) => parseBool('dangling', value));
  for (const type of filters.get('type') ?? []) {
    if (type !== 'custom' && type !== 'builtin') throw invalid(`invalid filter 'type=${type}'`);
  }
  const any = (name: string, test: (value: string) => boolean): boolean => filters.get(name)?.some(test) ?? true;
  return (network) =>
    any('name', (value) => network.name.includes(value)) &&
    any('id', (value) => network.id.startsWith(value)) &&
    any('driver', (value) => network.driver === value) &&
    any('scope', (value) => value === 'local') &&
    any('type', (value) => (value === 'builtin') === network.predefined) &&
    hasLabels(network.labels, filters.get('label') ?? []) &&
    (dangling.length === 0 || (!network.predefined && dangling.includes(!inUse(network.id))));
}

function parseBool(name: string, value: string): boolean {
  if (['true', '1'].includes(value)) return true;
  if (['false', '0'].includes(value)) return false;
  throw invalid(`invalid filter '${name}=${value}'`);
}

export function pruneTest(filters: Filters, now: bigint) {
  const until = filters.get('until') ?? [];
  if (until.length > 1) throw invalid('more than one until filter specified');
  const limit = until[0] === undefined ? null : parseTimestamp(until[0], now);
  if (until[0] !== undefined && limit === null) throw invalid(`invalid filter 'until=${until[0]}'`);
  return (record: { labels: Record<string, string>; created: string }): boolean =>
    hasLabels(record.labels, filters.get('label') ?? []) &&
    !(filters.get('label!') ?? []).some((label) => hasLabels(record.labels, [label])) &&
    (limit === null || (parseNano(record.created) ?? 0n) <= limit);
}

function reads({ networks }: NetworkRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'GET',
      path: '/networks',
      permission: 'networks:read',
      handler: async ({ query }) => {
        const filters = decodeFilters(query.get('filters'), LIST_FILTERS);
        const test = listTest(filters, (id) => networks.endpoints(id).length > 0);
        return json(
          networks
            .list()
            .filter(test)
            .map((network) => ({ ...networkToDocker(network), Containers: {} })),
        );
      },
    },
    {
      method: 'GET',
      path: '/networks/{id}',
      permission: 'networks:read',
      handler: async (request) => {
        const network = networks.get(idOf(request));
        const scope = request.query.get('scope') ?? '';
        if (scope !== '' && scope !== 'local') throw new EngineError('not_found', `network ${idOf(request)} not found`);
        return json(networkInspectToDocker(network, networks.endpoints(network.id)));
      },
    },
  ];
}

function changes({ networks, now }: NetworkRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/networks/create',
      permission: 'networks:write',
      audit: 'network.create',
      handler: async (request) => {
        const network = await networks.create(decodeNetworkCreate(request.json));
        return json({ Id: network.id, Warning: '' }, 201);
      },
    },
    {
      method: 'POST',
      path: '/networks/prune',
      since: '1.25',
      permission: 'networks:remove',
      audit: 'network.prune',
      handler: async ({ query }) => {
        const matches = pruneTest(decodeFilters(query.get('filters'), PRUNE_FILTERS), now());
        return json({ NetworksDeleted: await networks.prune(matches) });
      },
    },
    {
      method: 'DELETE',
      path: '/networks/{id}',
      permission: 'networks:remove',
      audit: 'network.remove',
      handler: async (request) => {
        await networks.remove(idOf(request));
        return empty(204);
      },
    },
  ];
}

function connections({ networks }: NetworkRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/networks/{id}/connect',
      permission: 'networks:write',
      audit: 'network.connect',
      handler: async (request) => {
        const { container, endpoint } = decodeConnect(request.json);
        const settings = completeEndpoint(endpoint, networks.get(idOf(request)));
        await networks.connectContainer(idOf(request), container, settings);
        return empty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/disconnect',
      permission: 'networks:write',
      audit: 'network.disconnect',
      handler: async (request) => {
        const { container, force } = decodeDisconnect(request.json);
        await networks.disconnectContainer(idOf(request), container, { force });
        return empty(200);
      },
    },
  ];
}

export const networkRoutes = (deps: NetworkRoutesDeps): DockerRoute[] => [
  ...reads(deps),
  ...changes(deps),
  ...connections(deps),
];
