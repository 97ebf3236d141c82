import { type DockerRequest, type DockerResponse, type DockerRoute, empty, json, queryBool } from '#api/http/route.ts';
import type { Containers } from '#core/containers/containers.ts';
import { EngineError } from '#core/errors.ts';
import type { Images } from '#core/images/images.ts';
import { changeToDocker, pathStatHeader } from './archive-to-docker.ts';
import { decodeConfig } from './container-decode.ts';

export type ArchiveRoutesDeps = { containers: Containers; images: Pick<Images, 'planCommit'> };

const STAT_HEADER = 'X-Docker-Container-Path-Stat';
const TAR = 'application/x-tar';

const idOf = (request: DockerRequest): string => request.params.id ?? '';

/** `path` of the query as bytes, one latin1 character each: names need not be UTF-8. */
function pathOf({ query, rawQuery }: DockerRequest): string {
  const raw = rawQuery?.split('&').find((pair) => pair.startsWith('path='));
  const path = raw ? percentBytes(raw.slice('path='.length)) : Buffer.from(query.get('path') ?? '').toString('latin1');
  if (path === '') throw new EngineError('invalid_argument', "bad parameter: 'path' cannot be empty");
  if (path.includes('\0')) throw new EngineError('invalid_argument', "bad parameter: 'path' contains a zero byte");
  if (path.length > 4096) throw new EngineError('invalid_argument', 'file name too long');
  return path;
}

const percentBytes = (text: string): string =>
  Buffer.from(text.replaceAll('+', ' '))
    .toString('latin1')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** A name that every client can keep a download under. */
const attachment = (name: string): Record<string, string> => ({
  'Content-Disposition': `attachment; filename="${name.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 100)}.tar"`,
});

async function read({ containers }: ArchiveRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  const { stat, body } = await containers.copyOut(idOf(request), pathOf(request), { signal: request.signal });
  const headers = { [STAT_HEADER]: pathStatHeader(stat), ...attachment(stat.name) };
  return { kind: 'stream', contentType: TAR, body, headers };
}

async function write({ containers }: ArchiveRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  await containers.copyIn(idOf(request), pathOf(request), request.body, {
    noOverwriteDirNonDir: queryBool(request.query, 'noOverwriteDirNonDir'),
    copyUidGid: queryBool(request.query, 'copyUIDGID'),
    signal: request.signal,
  });
  return empty(200);
}

async function commit({ containers, images }: ArchiveRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  const { query } = request;
  const config = decodeConfig(request.json);
  const image = await containers.commit(
    query.get('container') ?? '',
    {
      ...(config && { config }),
      pause: queryBool(query, 'pause', true),
      repository: query.get('repo') ?? '',
      tag: query.get('tag') ?? '',
      author: query.get('author') ?? '',
      comment: query.get('comment') ?? '',
      changes: query.getAll('changes'),
      signal: request.signal,
    },
    images.planCommit,
  );
  return json({ Id: image.id }, 201);
}

/** Files in and out of containers: cp, export, diff, commit. */
export function archiveRoutes(deps: ArchiveRoutesDeps): DockerRoute[] {
  const { containers } = deps;
  const archive = { path: '/containers/{id}/archive', permission: 'containers:copy' } as const;
  return [
    {
      ...archive,
      method: 'HEAD',
      handler: async (request) => {
        const stat = await containers.statPath(idOf(request), pathOf(request));
        return { kind: 'empty', status: 200, headers: { [STAT_HEADER]: pathStatHeader(stat) } };
      },
    },
    { ...archive, method: 'GET', audit: 'container.copy-out', handler: (request) => read(deps, request) },
    {
      ...archive,
      method: 'PUT',
      audit: 'container.copy-in',
      body: 'stream',
      handler: (request) => write(deps, request),
    },
    {
      method: 'GET',
      path: '/containers/{id}/export',
      permission: 'containers:copy',
      audit: 'container.export',
      handler: async (request) => {
        const { name } = containers.resolve(idOf(request));
        const body = await containers.export(idOf(request), { signal: request.signal });
        return { kind: 'stream', contentType: 'application/octet-stream', body, headers: attachment(name) };
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/changes',
      permission: 'containers:read',
      handler: async (request) => json((await containers.changes(idOf(request))).map(changeToDocker)),
    },
    {
      method: 'POST',
      path: '/commit',
      permission: 'containers:copy',
      audit: 'container.commit',
      handler: (request) => commit(deps, request),
    },
  ];
}
