import { type DockerRoute, json, type Permission } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';

type Later = [method: DockerRoute['method'], path: string, permission: Permission];

/** Parts of the API that later versions complete. */
const PLANNED: Record<string, Later[]> = {
  'Copying files between containers and the host': [
    ['HEAD', '/containers/{id}/archive', 'containers:copy'],
    ['GET', '/containers/{id}/archive', 'containers:copy'],
    ['PUT', '/containers/{id}/archive', 'containers:copy'],
  ],
  'Exporting a container': [['GET', '/containers/{id}/export', 'containers:copy']],
  'Listing the changes of a container': [['GET', '/containers/{id}/changes', 'containers:read']],
  'Committing a container to an image': [['POST', '/commit', 'images:write']],
  'BuildKit sessions': [
    ['POST', '/session', 'build:run'],
    ['POST', '/grpc', 'build:run'],
  ],
  'Pushing images': [['POST', '/images/{name:path}/push', 'images:write']],
  'Searching registries': [['GET', '/images/search', 'images:read']],
  'Asking a registry about an image': [['GET', '/distribution/{name:path}/json', 'distribution:read']],
  'Checking registry credentials': [['POST', '/auth', 'system:auth']],
};

/** Parts of the API that this engine does not have, by decision (SCOPE.md). */
const OUT_OF_SCOPE: Record<string, Later[]> = {
  'Swarm mode': ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'].flatMap((noun): Later[] => [
    ['GET', `/${noun}`, 'system:read'],
    ['GET', `/${noun}/{rest:path}`, 'system:read'],
    ['POST', `/${noun}/{rest:path}`, 'system:read'],
    ['DELETE', `/${noun}/{rest:path}`, 'system:read'],
  ]),
  'Managing plugins': [
    ['GET', '/plugins/privileges', 'system:read'],
    ['POST', '/plugins/{rest:path}', 'system:read'],
  ],
};

/** `docker inspect` asks for a plugin last and expects not to find one. */
const noSuchPlugin: DockerRoute['handler'] = async ({ params }) => {
  throw new EngineError('not_found', `plugin "${params.name}" not found`);
};

/**
 * Answers for the endpoints of the specification that `served` does not
 * contain: 501 with what is missing, never a wrong success.
 */
export function laterRoutes(served: readonly DockerRoute[]): DockerRoute[] {
  const key = (method: string, path: string) => `${method} ${path.replaceAll(/\{[^}:]*(:path)?\}/g, '{}')}`;
  const known = new Set(served.map((route) => key(route.method, route.path)));
  const refuse = (sentence: string, rows: Later[]): DockerRoute[] =>
    rows
      .filter(([method, path]) => !known.has(key(method, path)))
      .map(([method, path, permission]) => ({
        method,
        path,
        permission,
        body: 'stream',
        handler: async () => {
          throw new EngineError('not_implemented', sentence);
        },
      }));
  return [
    ...Object.entries(PLANNED).flatMap(([what, rows]) =>
      refuse(`${what} is not implemented by this version of Gantry`, rows),
    ),
    ...Object.entries(OUT_OF_SCOPE).flatMap(([what, rows]) =>
      refuse(`${what} is not part of Gantry: see SCOPE.md`, rows),
    ),
    // No plugins is a fact, not a gap: the list is empty and no name is found.
    { method: 'GET', path: '/plugins', permission: 'system:read', handler: async () => json([]) },
    { method: 'GET', path: '/plugins/{name:path}/json', permission: 'system:read', handler: noSuchPlugin },
    { method: 'DELETE', path: '/plugins/{name:path}', permission: 'system:read', handler: noSuchPlugin },
  ];
}
