import { z } from 'zod';
import { type DockerRequest, type DockerResponse, type DockerRoute, json, queryBool } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';
import type { TransferProgress } from '#core/images/context.ts';
import type { Images } from '#core/images/images.ts';
import type { RegistryAuth } from '#core/images/ports.ts';
import { decodeBody } from './decode.ts';
import { jsonLines, type TellLine } from './image-stream.ts';
import { distributionAnswer, progressLine } from './images-to-docker.ts';

export type ImageRoutesDeps = {
  images: Images;
  /** Wall clock in nanoseconds. */
  now(): bigint;
  /** For the log: an error that the client is not told. */
  onError(error: unknown): void;
};

const AUTH_LIMIT = 64 * 1024;
const text = z.string().max(AUTH_LIMIT).nullish();
const AuthHeader = z.object({
  username: text,
  password: text,
  auth: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});

/** The credentials of `X-Registry-Auth`: JSON in base64 of either alphabet. */
export function decodeRegistryAuth(header: string | string[] | undefined): RegistryAuth | undefined {
  const value = Array.isArray(header) ? header[0] : header;
  if (!value) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
  } catch {
    // The value is a secret: it is not repeated.
    throw new EngineError('invalid_argument', 'invalid X-Registry-Auth header: it is not JSON in base64');
  }
  return registryAuth(parsed);
}

/** Credentials as clients keep them. Errors: `invalid_argument`. */
export function registryAuth(parsed: unknown): RegistryAuth {
  const fields = decodeBody(AuthHeader, parsed);
  const [user, password] = splitPair(fields.auth ?? '');
  return {
    username: fields.username || user,
    password: fields.password || password,
    serveraddress: fields.serveraddress ?? '',
    identitytoken: fields.identitytoken ?? '',
    registrytoken: fields.registrytoken ?? '',
  };
}

/** `auth` of a config file: `user:password` in base64. */
function splitPair(auth: string): [string, string] {
  const pair = Buffer.from(auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? ['', ''] : [pair.slice(0, colon), pair.slice(colon + 1)];
}

const teller =
  (tell: TellLine) =>
  (message: TransferProgress): void =>
    tell(progressLine(message), { droppable: message.current !== undefined });

const value = (request: DockerRequest, name: string): string => request.query.get(name) ?? '';

function create(deps: ImageRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  if (value(request, 'fromImage')) return pull(deps, request);
  if (value(request, 'fromSrc')) return importSource(deps, request);
  throw new EngineError('invalid_argument', 'one of fromImage and fromSrc is needed');
}

function pull({ images, onError }: ImageRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  request.body.resume();
  const wanted = {
    name: value(request, 'fromImage'),
    tag: value(request, 'tag') || undefined,
    platform: value(request, 'platform') || undefined,
    auth: decodeRegistryAuth(request.headers['x-registry-auth']),
  };
  return jsonLines((tell) => images.pull(wanted, { signal: request.signal, progress: teller(tell) }), { onError });
}

function importSource({ images, onError }: ImageRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  if (value(request, 'fromSrc') !== '-') {
    throw new EngineError(
      'not_implemented',
      'importing from an address is not implemented: send the archive as the body',
    );
  }
  return jsonLines(
    async (tell) => {
      const id = await images.import(
        {
          source: request.body,
          repository: value(request, 'repo') || undefined,
          tag: value(request, 'tag') || undefined,
          message: value(request, 'message') || undefined,
          changes: request.query.getAll('changes'),
          platform: value(request, 'platform') || undefined,
        },
        { signal: request.signal },
      );
      tell({ status: id });
    },
    { onError },
  );
}

function load({ images, onError }: ImageRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  return jsonLines(
    async (tell) => {
      const loaded = await images.load(
        {
          source: request.body,
          quiet: queryBool(request.query, 'quiet'),
          platform: platformOf(value(request, 'platform')),
        },
        { signal: request.signal, progress: teller(tell) },
      );
      for (const { id, references } of loaded) {
        for (const reference of references) tell({ stream: `Loaded image: ${reference}\n` });
        if (references.length === 0) tell({ stream: `Loaded image ID: ${id}\n` });
      }
    },
    { onError },
  );
}

/** From 1.48 on a platform may be an OCI object in JSON. */
function platformOf(parameter: string): string | undefined {
  if (!parameter.startsWith('{')) return parameter || undefined;
  const Platform = z.object({
    os: z.string().nullish(),
    architecture: z.string().nullish(),
    variant: z.string().nullish(),
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(parameter);
  } catch (cause) {
    throw new EngineError('invalid_argument', 'invalid platform: it is not JSON', { cause });
  }
  const { os, architecture, variant } = decodeBody(Platform, parsed);
  return [os, architecture, variant].filter(Boolean).join('/') || undefined;
}

async function save({ images }: ImageRoutesDeps, names: readonly string[]): Promise<DockerResponse> {
  if (names.length === 0 || names.includes('')) throw new EngineError('invalid_argument', 'no image was named');
  return { kind: 'stream', contentType: 'application/x-tar', body: await images.save(names) };
}

function push({ images, onError }: ImageRoutesDeps, request: DockerRequest): Promise<DockerResponse> {
  request.body.resume();
  const wanted = {
    name: request.params.name ?? '',
    tag: value(request, 'tag') || undefined,
    auth: decodeRegistryAuth(request.headers['x-registry-auth']),
  };
  return jsonLines(
    (tell) =>
      images.push(wanted, {
        signal: request.signal,
        progress: teller(tell),
        pushed: ({ tag, digest, size }) => tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } }),
      }),
    { onError },
  );
}

/** Images on the move: pull, import, load, save, push. */
export function imageTransferRoutes(deps: ImageRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/images/create',
      permission: 'images:write',
      audit: 'image.pull',
      body: 'stream',
      handler: async (request) => create(deps, request),
    },
    {
      method: 'POST',
      path: '/images/load',
      permission: 'images:write',
      audit: 'image.load',
      body: 'stream',
      handler: async (request) => load(deps, request),
    },
    {
      method: 'POST',
      path: '/images/{name:path}/push',
      permission: 'images:write',
      audit: 'image.push',
      body: 'stream',
      handler: async (request) => push(deps, request),
    },
    {
      method: 'GET',
      path: '/images/get',
      permission: 'images:read',
      handler: ({ query }) =>
        save(
          deps,
          query.getAll('names').flatMap((names) => names.split(',')),
        ),
    },
    {
      method: 'GET',
      path: '/images/{name:path}/get',
      permission: 'images:read',
      handler: ({ params }) => save(deps, [params.name ?? '']),
    },
    {
      method: 'GET',
      path: '/distribution/{name:path}/json',
      since: '1.30',
      permission: 'distribution:read',
      handler: async ({ params, headers, signal }) => {
        const auth = decodeRegistryAuth(headers['x-registry-auth']);
        return json(distributionAnswer(await deps.images.distribution(params.name ?? '', auth, signal)));
      },
    },
  ];
}
