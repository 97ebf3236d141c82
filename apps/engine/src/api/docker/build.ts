import { z } from 'zod';
import { type DockerRequest, type DockerResponse, type DockerRoute, json, queryBool } from '#api/http/route.ts';
import type { Builder } from '#core/build/build.ts';
import type { BuildRequest } from '#core/build/request.ts';
import type { HostConfigInput } from '#core/containers/request.ts';
import { EngineError } from '#core/errors.ts';
import { parseName } from '#core/images/catalog.ts';
import type { RegistryAuth } from '#core/images/ports.ts';
import { withDefaultTag } from '#lib/reference.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import { buildStream } from './build-stream.ts';
import { decodeFilters } from './filters.ts';
import { registryAuth } from './image-transfer.ts';

export type BuildRoutesDeps = {
  builder: Builder;
  /** Wall clock in nanoseconds. */
  now(): bigint;
  onError(error: unknown): void;
};

/** Bytes of all build arguments, or labels, together. */
const MAP_LIMIT = 1024 * 1024;
const PRUNE_FILTERS = [
  'id',
  'parent',
  'type',
  'description',
  'inuse',
  'shared',
  'private',
  'until',
  'unused-for',
  'label',
  'label!',
];

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);

function parameter(request: DockerRequest, name: string): unknown {
  const text = request.query.get(name);
  if (!text) return undefined;
  if (text.length > MAP_LIMIT) throw bad(`${name} is larger than ${MAP_LIMIT} bytes`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('invalid_argument', `invalid JSON in ${name}`, { cause });
  }
}

/** An object of strings, and of nulls where allowed. Keys are the client's own. */
function stringMap(request: DockerRequest, name: string): Map<string, string | null> {
  const value = parameter(request, name);
  if (value === undefined || value === null) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw bad(`invalid JSON: ${name}: expected an object`);
  const map = new Map<string, string | null>();
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string' && item !== null) throw bad(`invalid JSON: ${name}: expected strings`);
    map.set(key, item);
  }
  return map;
}

function stringList(request: DockerRequest, name: string): string[] {
  const value = parameter(request, name);
  const parsed = z.array(z.string()).nullish().safeParse(value);
  if (!parsed.success) throw bad(`invalid JSON: ${name}: expected a list of strings`);
  return parsed.data ?? [];
}

const Ulimits = z.array(z.object({ Name: z.string(), Soft: z.int(), Hard: z.int() })).nullish();

function ulimits(request: DockerRequest): HostConfigInput['Ulimits'] {
  const parsed = Ulimits.safeParse(parameter(request, 'ulimits'));
  if (!parsed.success) throw bad('invalid JSON: ulimits: expected a list of limits');
  return parsed.data ?? null;
}

function number(request: DockerRequest, name: string): number {
  const text = request.query.get(name) ?? '';
  if (text === '') return 0;
  if (!/^-?\d{1,18}$/.test(text)) throw bad(`invalid value for ${name}: ${text.slice(0, 50)}`);
  return Number(text);
}

function hostConfig(request: DockerRequest): HostConfigInput {
  const text = (name: string): string => request.query.get(name) ?? '';
  return {
    Memory: number(request, 'memory'),
    MemorySwap: number(request, 'memswap'),
    CpuShares: number(request, 'cpushares'),
    CpuPeriod: number(request, 'cpuperiod'),
    CpuQuota: number(request, 'cpuquota'),
    CpusetCpus: text('cpusetcpus'),
    CpusetMems: text('cpusetmems'),
    CgroupParent: text('cgroupparent'),
    ShmSize: number(request, 'shmsize'),
    Ulimits: ulimits(request),
    ExtraHosts: request.query.getAll('extrahosts'),
    SecurityOpt: request.query.getAll('securityopt'),
    Isolation: text('isolation'),
  };
}

/** `X-Registry-Config`: credentials by registry, as in the client's own file. */
function credentials(header: string | string[] | undefined): BuildRequest['auth'] {
  const value = Array.isArray(header) ? header[0] : header;
  if (!value) return () => undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
  } catch {
    // The value is a secret: it is not repeated.
    throw bad('invalid X-Registry-Config header: it is not JSON in base64');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw bad('invalid X-Registry-Config header: expected an object');
  }
  const known = new Map<string, RegistryAuth>();
  for (const [server, auth] of Object.entries(parsed)) {
    const domain = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    known.set(domain === 'index.docker.io' ? 'docker.io' : domain, registryAuth(auth));
  }
  return (domain) => known.get(domain);
}

/** What cannot be done is refused before the context is read. */
function refuse(request: DockerRequest): void {
  const { query } = request;
  if (query.get('version') === '2') {
    throw new EngineError(
      'not_implemented',
      'BuildKit is not part of Gantry: use the classic builder (DOCKER_BUILDKIT=0), see SCOPE.md',
    );
  }
  if (queryBool(query, 'squash')) throw new EngineError('not_implemented', 'squash is not implemented by Gantry');
  const outputs = parameter(request, 'outputs');
  if (Array.isArray(outputs) && outputs.length > 0) {
    throw new EngineError('not_implemented', 'build outputs need BuildKit, which is not part of Gantry');
  }
}

function decode(request: DockerRequest): BuildRequest {
  const { query } = request;
  const text = (name: string): string => query.get(name) ?? '';
  refuse(request);
  const remote = text('remote');
  return {
    source: remote === '' ? { kind: 'archive', body: request.body } : { kind: 'remote', url: remote },
    dockerfile: text('dockerfile'),
    tags: query
      .getAll('t')
      .filter((name) => name !== '')
      .map((name) => {
        const reference = parseName(name);
        if (reference.digest) throw bad('refusing to create a tag with a digest reference');
        return withDefaultTag(reference);
      }),
    buildArgs: stringMap(request, 'buildargs'),
    labels: new Map([...stringMap(request, 'labels')].map(([name, value]) => [name, value ?? ''])),
    target: text('target'),
    noCache: queryBool(query, 'nocache'),
    pull: queryBool(query, 'pull'),
    keepContainers: !queryBool(query, 'rm', true) && !queryBool(query, 'forcerm'),
    platform: text('platform').split(',')[0] ?? '',
    cacheFrom: stringList(request, 'cachefrom'),
    networkMode: text('networkmode'),
    hostConfig: hostConfig(request),
    auth: credentials(request.headers['x-registry-config']),
  };
}

async function prune({ builder, now }: BuildRoutesDeps, { query }: DockerRequest): Promise<DockerResponse> {
  const filters = decodeFilters(query.get('filters'), PRUNE_FILTERS);
  const [until] = filters.get('until') ?? filters.get('unused-for') ?? [];
  const time = until === undefined ? undefined : parseTimestamp(until, now());
  if (time === null) throw bad(`invalid filter 'until=[${until}]'`);
  // `docker system prune` asks with its own filters: what is kept here has no labels.
  if (filters.get('label')?.length) return json({ CachesDeleted: null, SpaceReclaimed: 0 });
  const { ids, bytes } = await builder.prune(time === undefined ? {} : { until: Number(time / 1_000_000n) });
  return json({ CachesDeleted: ids.length > 0 ? ids : null, SpaceReclaimed: bytes });
}

/** One entry of `BuildCache` in `GET /system/df`: a directory of `RUN --mount=type=cache`. */
export function cacheAnswer(cache: { id: string; bytes: number; usedAt: number; inUse: boolean }): object {
  const time = new Date(cache.usedAt).toISOString();
  return {
    ID: cache.id,
    Type: 'exec.cachemount',
    Description: 'cached mount of RUN --mount=type=cache',
    InUse: cache.inUse,
    Shared: false,
    Size: cache.bytes,
    CreatedAt: time,
    LastUsedAt: time,
    UsageCount: 1,
  };
}

/** `docker build` as the classic builder's clients use it, and its cache. */
export function buildRoutes(deps: BuildRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/build',
      permission: 'build:run',
      audit: 'image.build',
      body: 'stream',
      handler: async (request) => {
        const wanted = decode(request);
        return buildStream((output) => deps.builder.build(wanted, output, { signal: request.signal }), {
          quiet: queryBool(request.query, 'q'),
          onError: deps.onError,
        });
      },
    },
    {
      method: 'POST',
      path: '/build/prune',
      since: '1.31',
      permission: 'build:run',
      audit: 'build.prune',
      handler: (request) => prune(deps, request),
    },
  ];
}
