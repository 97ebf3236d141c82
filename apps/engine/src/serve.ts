import { hostname } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { registerDashboard } from '#api/dashboard/dashboard.ts';
import { createMetrics } from '#api/dashboard/metrics.ts';
import { createSessionCookies } from '#api/gateway/cookie.ts';
import { createGateway } from '#api/gateway/gateway.ts';
import { createDockerKernel } from '#api/http/docker-kernel.ts';
import { createDoors } from '#api/http/door.ts';
import { createOriginPolicy } from '#api/http/origin.ts';
import { createHttpServer, type HttpServer } from '#api/http/server.ts';
import { createRealtime } from '#api/realtime/server.ts';
import { registerSite } from '#api/site/site.ts';
import type { Config, SettingInfo } from '#config/config.ts';
import { isEngineError } from '#core/errors.ts';
import { createHosts } from '#hosts/hosts.ts';
import type { Engine } from './compose.ts';
import { dockerRoutes } from './docker-routes.ts';

/** Rows of ended sessions are removed this often. */
const SWEEP_MS = 10 * 60_000;

type ServeOptions = {
  engine: Engine;
  config: Config;
  settings: readonly SettingInfo[];
  version: string;
  /** The repository: the built site is below it. */
  root: string;
  log: Logger;
};

/** Opens the doors: the socket, the port, and the streams inside the process. Resolves when all of them listen. */
export async function serve(options: ServeOptions) {
  const { engine, config, version, log } = options;
  const doors = createDoors();
  const origin = createOriginPolicy(config);
  const cookies = createSessionCookies({ allowPlain: config.allowRemote, publicUrl: config.publicUrl });
  const gateway = createGateway({
    access: engine.access,
    audit: engine.audit,
    origin,
    cookies,
    trustProxy: config.trustProxy,
    resolve: (type, id) => resolveObject(engine, type, id),
    onError: (error) => log.error({ err: error }, 'the gateway'),
  });
  const metrics = createMetrics({ version, containersByState: () => countByState(engine) });
  engine.events.subscribe(metrics.event);
  const about = { version, hostname: hostname() };
  let server: HttpServer;
  const hosts = createHosts({
    accept: (end, principal) => server.accept(end, { kind: 'memory', principal }),
    engine: about,
    dataRoot: config.dataRoot,
  });
  const register = async (app: FastifyInstance): Promise<void> => {
    registerDashboard(app, {
      access: engine.access,
      audit: engine.audit,
      hosts,
      cookies,
      metrics,
      engine: about,
      settings: () => [...options.settings],
      gateway,
      log,
      ready: () =>
        engine.database.prisma.$queryRawUnsafe('SELECT 1').then(
          () => null,
          () => 'the database does not answer',
        ),
    });
    await registerSite(app, { directory: join(options.root, 'apps/web/out'), publicUrl: config.publicUrl });
  };
  const docker = createDockerKernel({
    routes: dockerRoutes(engine, log),
    guard: gateway.docker,
    version,
    log,
    onResponse: metrics.http,
  });
  server = await createHttpServer({ docker, doors, origin, log, register });
  const live = createRealtime({
    authorise: gateway.live,
    docker: (host, client) => hosts.docker(host, gateway.principalOf(client)),
    audit: gateway.recordLive,
    sample: (host) => (host === 'local' ? engine.usage.sample() : null),
    killExec: (host, id) => {
      if (host === 'local') engine.execs.kill(id);
    },
    log,
  });
  server.onUpgrade('/live', live.handleUpgrade);
  await server.listenUnix({ path: config.socket, group: config.socketGroup });
  const port = await server.listenTcp({ host: config.host, port: config.port });
  if (config.port === 0) await engine.protectPort(port);
  const sweep = setInterval(() => {
    engine.access.sweep().catch((error: unknown) => log.error({ err: error }, 'removing sessions that ended'));
  }, SWEEP_MS).unref();
  return {
    port,
    hosts,
    async close(): Promise<void> {
      clearInterval(sweep);
      await live.close();
      await server.close();
    },
  };
}

/** What a reference in a path stands for; an exec is something done to its container. */
function resolveObject({ containers, execs }: Engine, type: string, reference: string) {
  try {
    const id = type === 'exec' ? execs.get(reference).containerId : type === 'container' ? reference : undefined;
    const container = id === undefined ? undefined : containers.resolve(id);
    return container ? { type: 'container', id: container.id, name: container.name } : null;
  } catch (error) {
    // The handler says it in its own words.
    if (isEngineError(error)) return null;
    throw error;
  }
}

function countByState({ containers }: Engine): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of containers.all()) counts[state.status] = (counts[state.status] ?? 0) + 1;
  return counts;
}
