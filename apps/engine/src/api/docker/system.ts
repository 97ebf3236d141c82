import { z } from 'zod';
import { type DockerResponse, type DockerRoute, json } from '#api/http/route.ts';
import { API_VERSION, compareVersions } from '#api/http/version.ts';
import { EngineError } from '#core/errors.ts';
import type { System } from '#core/system/system.ts';
import { formatNano } from '#lib/time.ts';
import { decodeBody } from './decode.ts';
import { infoAnswer, versionAnswer } from './system-to-docker.ts';

export type SystemRoutesDeps = {
  system: System;
  /** Wall clock in nanoseconds. */
  now(): bigint;
  /** The parts of `GET /system/df`, each in the shape of its own list. Measured when asked for, never in advance. */
  diskUsage: {
    layersSize(): Promise<number>;
    images(): Promise<readonly object[]>;
    containers(): Promise<readonly object[]>;
    volumes(): Promise<readonly object[]>;
    buildCache?(): Promise<readonly object[]>;
  };
  /** Asks a registry about credentials; throws unauthenticated. */
  checkAuth?: (
    request: { server: string; username: string; password: string; identityToken: string },
    options: { signal: AbortSignal },
  ) => Promise<{ status: string; identityToken?: string }>;
};

const AuthBody = z.object({
  username: z.string().max(1024).nullish(),
  password: z
    .string()
    .max(16 * 1024)
    .nullish(),
  serveraddress: z.string().max(2048).nullish(),
  identitytoken: z
    .string()
    .max(64 * 1024)
    .nullish(),
});

const DF_TYPES = { image: 'Images', container: 'Containers', volume: 'Volumes', 'build-cache': 'BuildCache' } as const;
type DfType = keyof typeof DF_TYPES;

/** `_ping`, `version`, `info`, `auth`, `system/df`. */
export function systemRoutes(deps: SystemRoutesDeps): DockerRoute[] {
  const { system, now } = deps;
  return [
    { method: 'GET', path: '/_ping', permission: 'system:read', handler: async () => ping(system, 'OK') },
    { method: 'HEAD', path: '/_ping', permission: 'system:read', handler: async () => ping(system, '') },
    {
      method: 'GET',
      path: '/version',
      permission: 'system:read',
      handler: async () => json(versionAnswer(system)),
    },
    {
      method: 'GET',
      path: '/info',
      permission: 'system:read',
      handler: async ({ version }) => json(infoAnswer(await system.info(), formatNano(now()), version)),
    },
    {
      method: 'GET',
      path: '/system/df',
      permission: 'system:read',
      handler: async ({ query, version }) => {
        const usage = await diskUsage(deps, query);
        return json(compareVersions(version, '1.42') < 0 ? { ...usage, BuilderSize: 0 } : usage);
      },
    },
    {
      method: 'POST',
      path: '/auth',
      permission: 'system:auth',
      handler: async ({ json: body, signal }) => {
        if (!deps.checkAuth) {
          throw new EngineError('not_implemented', 'checking registry credentials is not implemented');
        }
        const fields = decodeBody(AuthBody, body);
        const { status, identityToken } = await deps.checkAuth(
          {
            server: fields.serveraddress ?? '',
            username: fields.username ?? '',
            password: fields.password ?? '',
            identityToken: fields.identitytoken ?? '',
          },
          { signal },
        );
        return json({ Status: status, IdentityToken: identityToken ?? '' });
      },
    },
  ];
}

function ping({ engine }: System, body: string): DockerResponse {
  const headers = {
    'Api-Version': API_VERSION,
    'Builder-Version': '1',
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Gantry/${engine.version} (linux)`,
    Swarm: 'inactive',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Content-Type': 'text/plain; charset=utf-8',
  };
  return { kind: 'text', body, headers };
}

async function diskUsage({ diskUsage: measure }: SystemRoutesDeps, query: URLSearchParams): Promise<object> {
  const asked = query.getAll('type');
  for (const type of asked) {
    if (!Object.hasOwn(DF_TYPES, type)) throw new EngineError('invalid_argument', `unknown object type: ${type}`);
  }
  const wants = (type: DfType): boolean => asked.length === 0 || asked.includes(type);
  const [layers, images, containers, volumes, buildCache] = await Promise.all([
    wants('image') ? measure.layersSize() : undefined,
    wants('image') ? measure.images() : undefined,
    wants('container') ? measure.containers() : undefined,
    wants('volume') ? measure.volumes() : undefined,
    wants('build-cache') ? measure.buildCache?.() : undefined,
  ]);
  return {
    LayersSize: layers ?? 0,
    Images: images ?? null,
    Containers: containers ?? null,
    Volumes: volumes ?? null,
    BuildCache: wants('build-cache') ? (buildCache ?? []) : null,
  };
}
