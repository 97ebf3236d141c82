import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { attachRoutes } from '#api/docker/attach.ts';
import { toSummary } from '#api/docker/container-to-docker.ts';
import { containersRoutes } from '#api/docker/containers.ts';
import { eventsRoutes } from '#api/docker/events.ts';
import { execRoutes } from '#api/docker/exec.ts';
import { imageRoutes } from '#api/docker/images.ts';
import { imageSummary } from '#api/docker/images-to-docker.ts';
import { laterRoutes } from '#api/docker/later.ts';
import { logsRoutes } from '#api/docker/logs.ts';
import { networkRoutes } from '#api/docker/networks.ts';
import { statsRoutes } from '#api/docker/stats.ts';
import { systemRoutes } from '#api/docker/system.ts';
import { volumeRoutes } from '#api/docker/volumes.ts';
import { volumeToDocker } from '#api/docker/volumes-to-docker.ts';
import { createSessionCookies } from '#api/gateway/cookie.ts';
import { createGateway } from '#api/gateway/gateway.ts';
import { createDockerKernel } from '#api/http/docker-kernel.ts';
import { createDoors } from '#api/http/door.ts';
import { createOriginPolicy } from '#api/http/origin.ts';
import type { DockerRoute } from '#api/http/route.ts';
import { createHttpServer } from '#api/http/server.ts';
import type { Config } from '#config/config.ts';
import { nowNano } from '#lib/time.ts';
import type { Engine } from './compose.ts';

/** Every route of the Docker API: what is served, and 501 for the rest of the specification. */
export function dockerRoutes(engine: Engine, log: Logger): DockerRoute[] {
  const { containers, images, execs, events, logs, networks, usage, runtime, system, volumes } = engine;
  const onError = (error: unknown) => log.error({ err: error }, 'an attached stream');
  const now = nowNano;
  const served = [
    ...systemRoutes({
      system,
      now,
      diskUsage: diskUsage(engine),
      checkAuth: ({ server, identityToken, ...rest }, options) =>
        images.checkAuth({ ...rest, serveraddress: server, identitytoken: identityToken }, options),
    }),
    ...eventsRoutes({ events, now }),
    ...containersRoutes({ containers, images, execIds: execs.idsOf, now }),
    ...attachRoutes({ containers, runtime, logs, events, onError }),
    ...logsRoutes({ containers, logs, now }),
    ...statsRoutes({ containers, usage, runtime, events }),
    ...execRoutes({ execs }),
    ...imageRoutes({ images, now, onError }),
    ...networkRoutes({ networks, now }),
    ...volumeRoutes({ volumes }),
  ];
  return [...served, ...laterRoutes(served)];
}

/** The parts of `GET /system/df`; measured when asked for. */
function diskUsage({ containers, images, volumes }: Engine) {
  return {
    layersSize: async () => images.diskUsage().total,
    images: async () =>
      images.list().map((record) =>
        imageSummary(record, {
          version: '1.51',
          sharedSize: images.sharedSize(record.id),
          containers: images.usersOf(record.id).length,
        }),
      ),
    containers: () =>
      Promise.all(
        containers
          .all()
          .map(async (record) =>
            toSummary(record, { image: record.config.Image, now: nowNano(), size: await containers.size(record) }),
          ),
      ),
    volumes: () =>
      Promise.all(
        volumes.list().map(async (volume) => {
          const references = volumes.users(volume.name).length;
          return volumeToDocker(volume, { size: await volumes.size(volume.name), references });
        }),
      ),
  };
}

export async function serve(options: { engine: Engine; config: Config; version: string; log: Logger }) {
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
    onError: (error) => log.error({ err: error }, 'the gateway'),
  });
  const routes = dockerRoutes(engine, log);
  const docker = createDockerKernel({ routes, guard: gateway.docker, version, log });
  const server = await createHttpServer({ docker, doors, origin, log, register: () => undefined });
  await server.listenUnix({ path: config.socket, group: config.socketGroup });
  const port = await server.listenTcp({ host: config.host, port: config.port });
  return { port, hostname: hostname(), close: () => server.close() };
}
