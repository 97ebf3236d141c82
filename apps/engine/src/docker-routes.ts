import type { Logger } from 'pino';
import { archiveRoutes } from '#api/docker/archive.ts';
import { attachRoutes } from '#api/docker/attach.ts';
import { buildRoutes, cacheAnswer } from '#api/docker/build.ts';
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
import type { DockerRoute } from '#api/http/route.ts';
import { nowNano } from '#lib/time.ts';
import { isHungUp } from '#os/hangup.ts';
import type { Engine } from './compose.ts';

/** Every route of the Docker API: what is served, and 501 for the rest of the specification. */
export function dockerRoutes(engine: Engine, log: Logger): DockerRoute[] {
  const { containers, images, execs, events, logs, networks, usage, runtime, system, volumes } = engine;
  const onError = (error: unknown) => log.error({ err: error }, 'a stream of the Docker API');
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
    ...archiveRoutes({ containers, images }),
    ...attachRoutes({ containers, runtime, logs, events, onError, isHungUp }),
    ...logsRoutes({ containers, logs, now }),
    ...statsRoutes({ containers, usage, runtime, events }),
    ...execRoutes({ execs, isHungUp }),
    ...imageRoutes({ images, now, onError }),
    ...buildRoutes({ builder: engine.builder, now, onError }),
    ...networkRoutes({ networks, now }),
    ...volumeRoutes({ volumes }),
  ];
  return [...served, ...laterRoutes(served)];
}

/** The parts of `GET /system/df`; measured when asked for. */
function diskUsage({ builder, containers, images, volumes }: Engine) {
  return {
    buildCache: async () => (await builder.caches()).map(cacheAnswer),
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
