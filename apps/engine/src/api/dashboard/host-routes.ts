import type Dockerode from 'dockerode';
import { z } from 'zod';
import { type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import { Host, HostNow, RunCommand, Setting } from '#contract/rest.ts';
import { EngineError } from '#core/errors.ts';
import type { Hosts } from '#hosts/hosts.ts';
import { runCommand } from './run-command.ts';

export function hostRoutes(deps: {
  hosts: Hosts;
  /** Effective settings with their sources. */
  settings: () => Setting[];
}): RestRoute[] {
  const { hosts } = deps;
  return [
    restRoute({
      method: 'GET',
      path: '/api/v1/hosts',
      permission: 'system:read',
      tag: 'Hosts',
      summary: 'The hosts this Gantry shows.',
      response: z.array(Host),
      handler: async () => ({ body: hosts.list() }),
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/hosts/{host}/now',
      permission: 'system:read',
      tag: 'Hosts',
      summary: 'The machine at this moment.',
      response: HostNow,
      handler: async ({ params }) => ({ body: await hosts.now(params.host ?? '') }),
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/hosts/{host}/containers/{id}/run-command',
      permission: 'containers:read',
      tag: 'Hosts',
      summary: 'The `docker run` line that makes this container.',
      response: RunCommand,
      handler: async ({ params, principal }) => {
        if (!principal) throw new EngineError('unauthenticated', 'sign in first');
        const docker = hosts.docker(params.host ?? '', principal);
        const container = await fromDocker(docker.getContainer(params.id ?? '').inspect());
        const image = await docker
          .getImage(container.Image)
          .inspect()
          .catch(() => null);
        return { body: { command: runCommand(container, image?.Config ?? null) } };
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/settings',
      permission: 'settings:read',
      tag: 'Settings',
      summary: 'The effective settings and where each came from.',
      response: z.array(Setting),
      handler: async () => ({ body: deps.settings() }),
    }),
  ];
}

/** An answer of the Docker API that is an error is ours to pass on with its status. */
async function fromDocker(inspect: Promise<Dockerode.ContainerInspectInfo>): Promise<Dockerode.ContainerInspectInfo> {
  try {
    return await inspect;
  } catch (error) {
    const { statusCode, json } = error as { statusCode?: number; json?: { message?: string } };
    if (statusCode === 404) throw new EngineError('not_found', json?.message ?? 'No such container');
    throw error;
  }
}
