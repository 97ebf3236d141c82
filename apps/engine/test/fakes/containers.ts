import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerFiles } from '#core/containers/archive-ports.ts';
import { createContainers } from '#core/containers/containers.ts';
import type { ContainerStore } from '#core/containers/ports.ts';
import type { CreateRequest } from '#core/containers/request.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { createEventBus, type EngineEvent } from '#core/events/events.ts';
import type { ImageLookup, ImageRecord } from '#core/images/types.ts';
import type { ContainerNetworking, NetworkRecord, SandboxRequest } from '#core/networks/types.ts';
import type { VolumeAccess, VolumeRecord } from '#core/volumes/types.ts';
import { newId } from '#lib/ids.ts';
import { nowNano } from '#lib/time.ts';
import { createFakeRuntime } from './runtime.ts';

export const IMAGE_ID = `sha256:${'1'.repeat(64)}`;

export function fakeImage(patch: Partial<ImageRecord> = {}): ImageRecord {
  return {
    id: IMAGE_ID,
    config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
    architecture: 'amd64',
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    author: '',
    comment: '',
    dockerVersion: '',
    diffIds: [],
    history: [],
    chainIds: [],
    size: 0,
    repoDigests: [],
    repoTags: ['docker.io/library/box:latest'],
    layers: [],
    manifestDigest: '',
    lastTagTime: '',
    parent: '',
    ...patch,
  };
}

function fakeImages(images: Map<string, ImageRecord>): ImageLookup {
  return {
    async resolve(reference) {
      const image = images.get(reference) ?? [...images.values()].find((it) => it.id === reference);
      if (!image) throw new EngineError('not_found', `No such image: ${reference}`);
      return image;
    },
    byId: (id) => [...images.values()].find((it) => it.id === id),
    familiarName: (id) => id,
  };
}

function fakeNetwork(name: string, driver: NetworkRecord['driver'], predefined: boolean): NetworkRecord {
  return {
    id: newId(),
    name,
    created: '2026-01-01T00:00:00Z',
    driver,
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    ipam: { Driver: 'default', Options: {}, Config: [] },
    options: {},
    labels: {},
    predefined,
    bridge: '',
  };
}

function fakeNetworking() {
  const networks = new Map(
    [
      fakeNetwork('bridge', 'bridge', true),
      fakeNetwork('host', 'host', true),
      fakeNetwork('none', 'null', true),
      fakeNetwork('mine', 'bridge', false),
    ].map((it) => [it.name, it]),
  );
  const sandboxes = new Map<string, SandboxRequest>();
  const failure: { next?: Error } = {};
  const networking: ContainerNetworking = {
    resolve: (reference) => networks.get(reference) ?? [...networks.values()].find((it) => it.id === reference),
    async setUp(request) {
      if (failure.next) {
        const error = failure.next;
        failure.next = undefined;
        throw error;
      }
      for (const name of Object.keys(request.endpoints)) {
        if (!networks.has(name)) throw new EngineError('not_found', `network ${name} not found`);
      }
      sandboxes.set(request.containerId, request);
      const host = Object.hasOwn(request.endpoints, 'host');
      return {
        netnsPath: host ? '' : `/run/netns/${request.containerId}`,
        endpoints: Object.fromEntries(
          Object.entries(request.endpoints).map(([name, settings]) => [
            name,
            {
              ...settings,
              EndpointID: 'e'.repeat(64),
              IPAddress: '172.17.0.2',
              IPPrefixLen: 16,
              Gateway: '172.17.0.1',
            },
          ]),
        ),
        ports: Object.fromEntries(
          Object.entries(request.ports).map(([port, bindings]) => [
            port,
            bindings.map(({ HostIp, HostPort }) => ({ HostIp: HostIp || '0.0.0.0', HostPort: HostPort || '32768' })),
          ]),
        ),
        hosts: '127.0.0.1 localhost\n',
        resolvConf: 'nameserver 10.0.0.1\n',
      };
    },
    async tearDown(id) {
      sandboxes.delete(id);
    },
    connect: async (_id, _name, settings) => settings as never,
    disconnect: async () => undefined,
    recover: async () => undefined,
    rename: async () => undefined,
  };
  return { networking, networks, sandboxes, failure };
}

function fakeVolumes(root: string) {
  const volumes = new Map<string, VolumeRecord>();
  const uses = new Map<string, Set<string>>();
  const access: VolumeAccess = {
    get: (name) => volumes.get(name),
    async ensure({ name, labels, options }) {
      const key = name || newId();
      const known = volumes.get(key);
      if (known) return known;
      const record: VolumeRecord = {
        name: key,
        driver: 'local',
        created: '',
        mountpoint: join(root, 'volumes', key, '_data'),
        labels,
        options,
        anonymous: name === '',
      };
      await mkdir(record.mountpoint, { recursive: true });
      volumes.set(key, record);
      return record;
    },
    async acquire(name, containerId) {
      uses.set(name, (uses.get(name) ?? new Set()).add(containerId));
      return volumes.get(name)?.mountpoint ?? '';
    },
    async release(name, containerId) {
      uses.get(name)?.delete(containerId);
    },
    copyUp: async () => undefined,
    async remove(name) {
      volumes.delete(name);
    },
  };
  return { access, volumes, uses };
}

export function fakeStore<T extends { id: string }>(rows = new Map<string, string>()) {
  const failure: { next?: 'insert' | 'update' | 'delete' } = {};
  const fail = (verb: 'insert' | 'update' | 'delete'): void => {
    if (failure.next !== verb) return;
    failure.next = undefined;
    throw new Error('database or disk is full');
  };
  const store = {
    load: async () => [...rows.values()].map((text) => JSON.parse(text) as T),
    async insert(record: T) {
      fail('insert');
      rows.set(record.id, JSON.stringify(record));
    },
    async update(record: T) {
      fail('update');
      rows.set(record.id, JSON.stringify(record));
    },
    async delete(id: string) {
      fail('delete');
      rows.delete(id);
    },
  };
  return { store, rows, failure };
}

/** Containers over fakes of everything they need; a second one over the same rows is the engine after a restart. */
export async function createFakeContainers(options: { rows?: Map<string, string>; root?: string } = {}) {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), 'gantry-containers-')));
  const runtime = createFakeRuntime();
  const network = fakeNetworking();
  const volumes = fakeVolumes(root);
  const { store, rows, failure } = fakeStore<ContainerRecord>(options.rows);
  const images = new Map([['box', fakeImage()]]);
  const layers = new Set<string>();
  const events: EngineEvent[] = [];
  const errors: unknown[] = [];
  const bus = createEventBus({
    store: { append: (event) => events.push(event), range: async () => [] },
    now: nowNano,
    onListenerError: (error) => errors.push(error),
  });
  const containers = createContainers({
    runtime: runtime.runtime,
    rootfs: {
      prepare: async (id) => void layers.add(id),
      mounts: async (_id, _image, target) => [
        { type: 'overlay', source: 'overlay', target, options: ['lowerdir=/l', 'upperdir=/u', 'workdir=/w'] },
      ],
      look: async () => ({ type: 'overlay', source: 'overlay', options: ['lowerdir=/u:/l'] }),
      layer: async () => ({ upper: '/u', lower: { type: 'bind', source: '/l', options: ['bind'] } }),
      remove: async (id) => void layers.delete(id),
      size: async () => ({ rw: 10, rootFs: 100 }),
      list: async () => [...layers],
    },
    networking: network.networking,
    volumes: volumes.access,
    images: fakeImages(images),
    store: store satisfies ContainerStore,
    events: bus,
    mounts: { mount: async () => undefined, bindBeneath: async () => undefined, unmount: async () => undefined },
    files: fakeFiles(),
    host: { cpus: 2, cgroupVersion: 2, hostname: () => 'machine', runtimes: ['runc', 'crun'], architecture: 'amd64' },
    log: {
      info: () => undefined,
      warn: (fields) => errors.push(fields),
      error: (fields) => errors.push(fields),
    },
    now: nowNano,
    paths: { dataRoot: root, runDir: join(root, 'run') },
  });
  return {
    containers,
    ...runtime,
    network,
    volumes,
    images,
    layers,
    rows,
    storeFailure: failure,
    events,
    errors,
    root,
    actions: (id?: string) => events.filter((event) => !id || event.actor.id === id).map((event) => event.action),
    async [Symbol.asyncDispose]() {
      await containers.close();
      if (!options.root) await rm(root, { recursive: true, force: true });
    },
  };
}

export function createRequest(patch: Partial<CreateRequest> = {}): CreateRequest {
  return {
    name: '',
    platform: '',
    version: '1.51',
    config: { Image: 'box' },
    hostConfig: {},
    endpoints: new Map(),
    raw: {},
    ...patch,
  };
}

/** No files at all. What copies needs a kernel: test/host/archive-*.test.ts. */
export function fakeFiles(): ContainerFiles {
  const none = async () => {
    throw new EngineError('not_found', 'no such file or directory', { details: { missing: true } });
  };
  return { stat: none, read: none, write: none, export: none, changes: async () => [], layer: none };
}
