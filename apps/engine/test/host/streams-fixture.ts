import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { attachRoutes } from '#api/docker/attach.ts';
import { containersRoutes } from '#api/docker/containers.ts';
import { eventsRoutes } from '#api/docker/events.ts';
import { execRoutes } from '#api/docker/exec.ts';
import { logsRoutes } from '#api/docker/logs.ts';
import { statsRoutes } from '#api/docker/stats.ts';
import { systemRoutes } from '#api/docker/system.ts';
import { createDockerKernel } from '#api/http/docker-kernel.ts';
import { createDoors } from '#api/http/door.ts';
import { createOriginPolicy } from '#api/http/origin.ts';
import { createHttpServer } from '#api/http/server.ts';
import { SOCKET_PRINCIPAL } from '#core/access/principal.ts';
import { createContainers } from '#core/containers/containers.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { createEventBus, type EngineEvent } from '#core/events/events.ts';
import { createExecs } from '#core/exec/execs.ts';
import { createLogs } from '#core/logs/logs.ts';
import { createRotation } from '#core/logs/rotation.ts';
import type { ContainerNetworking, NetworkRecord } from '#core/networks/types.ts';
import { createSystem } from '#core/system/system.ts';
import { createUsage } from '#core/system/usage.ts';
import type { VolumeAccess } from '#core/volumes/types.ts';
import { createHosts } from '#hosts/hosts.ts';
import { newId } from '#lib/ids.ts';
import { nowNano } from '#lib/time.ts';
import { isHungUp } from '#os/hangup.ts';
import { fakeFiles, fakeImage, fakeStore } from '#test/fakes/containers.ts';
import { openStage } from './runtime-fixture.ts';

export type Streams = AsyncDisposable & {
  /** Path of the Docker socket. */
  socket: string;
  docker: Docker;
  base: string;
  engine: Awaited<ReturnType<typeof open>>['engine'];
  /** Creates and starts a container of the busybox image `box` in the host's network. */
  up(command: string[], options?: Docker.ContainerCreateOptions): Promise<Docker.Container>;
};

/** Containers by the real runtime behind a real socket, with the streams of the Docker API; no images, no networks. */
export async function openStreams(): Promise<Streams> {
  const { engine, close, stage } = await open();
  const docker = new Docker({ socketPath: engine.socket });
  return {
    socket: engine.socket,
    docker,
    base: stage.base,
    engine,
    async up(command, options = {}) {
      const container = await docker.createContainer({
        Image: 'box',
        Cmd: command,
        ...options,
        HostConfig: { NetworkMode: 'host', ...options.HostConfig },
      });
      await container.start();
      return container;
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of engine.containers.all()) await engine.containers.remove(id, { force: true });
      await close();
      await stage[Symbol.asyncDispose]();
    },
  };
}

async function open() {
  const stage = await openStage();
  const { base, runtime } = stage;
  const stored: EngineEvent[] = [];
  const errors: unknown[] = [];
  const note = (...what: unknown[]): void => void errors.push(what);
  const events = createEventBus({
    store: {
      append: (event) => stored.push(event),
      range: async (since, until) => stored.filter(({ timeNano }) => timeNano >= since && timeNano <= until),
    },
    now: nowNano,
    onListenerError: note,
  });
  const image = fakeImage({ config: { Cmd: ['sh'], Env: ['PATH=/bin', 'BASE=b'] } });
  const images = {
    async resolve(reference: string) {
      if (reference !== 'box' && reference !== image.id) {
        throw new EngineError('not_found', `No such image: ${reference}`);
      }
      return image;
    },
    byId: () => image,
    familiarName: () => 'box',
  };
  const containers = createContainers({
    runtime,
    rootfs: overlays(base),
    networking: hostNetworkOnly(),
    volumes: {} as VolumeAccess,
    images,
    store: fakeStore<ContainerRecord>().store,
    events,
    mounts: { mount: async () => undefined, bindBeneath: async () => undefined, unmount: async () => undefined },
    files: fakeFiles(),
    host: { cpus: 2, cgroupVersion: 1, hostname: () => 'machine', runtimes: ['runc', 'crun'], architecture: 'amd64' },
    log: { info: () => undefined, warn: note, error: note },
    now: nowNano,
    paths: { dataRoot: base, runDir: join(base, 'run') },
  });
  const logs = createLogs({ get: containers.get, events, now: nowNano });
  const execs = createExecs({ containers, runtime, events });
  const usage = createUsage({ runtime, containers });
  const rotation = createRotation({ containers, events, reopenLog: runtime.reopenLog, onError: note });
  const system = await createSystem({
    engine: {
      id: 'test',
      version: '0.0.0',
      gitCommit: '',
      buildTime: '2026-01-01T00:00:00Z',
      dataRoot: base,
      defaultRuntime: runtime.info.name,
      runtimes: new Map([[runtime.info.name, runtime.info]]),
      conmonVersion: runtime.info.conmonVersion,
      seccompProfile: 'builtin',
      registries: { mirrors: [], insecure: [] },
      debug: false,
    },
    containers,
    images: { count: () => 1 },
  });
  const routes = [
    ...containersRoutes({ containers, images, execIds: execs.idsOf, now: nowNano }),
    ...logsRoutes({ containers, logs, now: nowNano }),
    ...attachRoutes({ containers, runtime, logs, events, onError: note, isHungUp }),
    ...execRoutes({ execs, isHungUp }),
    ...statsRoutes({ containers, usage, runtime, events }),
    ...eventsRoutes({ events, now: nowNano }),
    ...systemRoutes({
      system,
      now: nowNano,
      diskUsage: {
        layersSize: async () => 0,
        images: async () => [],
        containers: async () => [],
        volumes: async () => [],
      },
    }),
  ];
  const server = await createHttpServer({
    docker: createDockerKernel({
      routes,
      guard: { admit: async () => ({ actor: SOCKET_PRINCIPAL.actor, run: (work) => work() }) },
      version: '0.0.0',
      log: { error: note },
    }),
    doors: createDoors(),
    origin: createOriginPolicy({ host: '127.0.0.1', publicUrl: '', allowedHosts: [] }),
    log: { error: note },
    register: () => undefined,
  });
  // As server-side features reach the local engine: dockerode over a pair of streams.
  const hosts = createHosts({
    accept: (end, principal) => server.accept(end, { kind: 'memory', principal }),
    engine: { version: '0.0.0', hostname: 'test' },
    dataRoot: base,
  });
  const socket = join(base, 'api', 'docker.sock');
  await server.listenUnix({ path: socket, group: 'root' });
  const close = async (): Promise<void> => {
    rotation.close();
    await server.close();
    await containers.close();
  };
  return { stage, close, engine: { socket, hosts, containers, logs, execs, usage, runtime, events, errors, stored } };
}

function overlays(base: string) {
  return {
    async prepare(id: string) {
      for (const name of ['upper', 'work', 'merged']) {
        mkdirSync(join(base, 'overlay', id, name), { recursive: true });
        chmodSync(join(base, 'overlay', id, name), 0o755);
      }
    },
    mounts: async (id: string, _image: string, target: string) => [
      {
        type: 'overlay',
        source: 'overlay',
        target,
        options: [
          `lowerdir=${join(base, 'image')}`,
          `upperdir=${join(base, 'overlay', id, 'upper')}`,
          `workdir=${join(base, 'overlay', id, 'work')}`,
        ],
      },
    ],
    look: async () => ({ type: 'bind', source: join(base, 'image'), options: ['bind'] }),
    layer: async (id: string) => ({
      upper: join(base, 'overlay', id, 'upper'),
      lower: { type: 'bind', source: join(base, 'image'), options: ['bind'] },
    }),
    remove: async () => undefined,
    size: async () => ({ rw: 0, rootFs: 0 }),
    list: async () => [],
  };
}

function hostNetworkOnly(): ContainerNetworking {
  const host = { id: newId(), name: 'host', driver: 'host', predefined: true } as NetworkRecord;
  return {
    resolve: (name) => (name === 'host' || name === host.id ? host : undefined),
    setUp: async ({ endpoints }) => ({
      netnsPath: '',
      endpoints,
      ports: {},
      hosts: '127.0.0.1 localhost\n',
      resolvConf: '',
    }),
    tearDown: async () => undefined,
    connect: async (_id, _name, settings) => settings as never,
    disconnect: async () => undefined,
    recover: async () => undefined,
    rename: async () => undefined,
  };
}
