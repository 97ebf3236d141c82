import { z } from 'zod';
import { type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import { Host, HostNow, Setting } from '#contract/rest.ts';
import type { Hosts } from '#hosts/hosts.ts';

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
      path: '/api/v1/settings',
      permission: 'settings:read',
      tag: 'Settings',
      summary: 'The effective settings and where each came from.',
      response: z.array(Setting),
      handler: async () => ({ body: deps.settings() }),
    }),
  ];
}
