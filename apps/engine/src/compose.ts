import { createHash } from 'node:crypto';
import { readdir, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '#config/config.ts';
import { createAccess } from '#core/access/access.ts';
import { createAudit } from '#core/audit/audit.ts';
import { auditScope } from '#core/audit/scope.ts';
import { createBuilder } from '#core/build/build.ts';
import { SCRATCH } from '#core/build/ports.ts';
import { type Containers, createContainers } from '#core/containers/containers.ts';
import { createEventBus } from '#core/events/events.ts';
import { createExecs } from '#core/exec/execs.ts';
import { createImages, type Images } from '#core/images/images.ts';
import { createLogs } from '#core/logs/logs.ts';
import { createRotation } from '#core/logs/rotation.ts';
import { createNetworks } from '#core/networks/networks.ts';
import { createSystem } from '#core/system/system.ts';
import { createUsage } from '#core/system/usage.ts';
import { createVolumes } from '#core/volumes/volumes.ts';
import { createCaches } from '#drivers/build/caches.ts';
import { createFetch } from '#drivers/build/fetch.ts';
import { createBuildRooms } from '#drivers/build/rooms.ts';
import { readBusybox } from '#drivers/content/busybox.ts';
import { createContent } from '#drivers/content/content.ts';
import { createAccessStore } from '#drivers/db/access.ts';
import { createAccounts } from '#drivers/db/accounts.ts';
import { createAuditStore } from '#drivers/db/audit.ts';
import { type Database, openDatabase } from '#drivers/db/database.ts';
import { createDocumentStores } from '#drivers/db/documents.ts';
import { createEventStore } from '#drivers/db/events.ts';
import { createFiles } from '#drivers/files/files.ts';
import { createNetworkDriver } from '#drivers/network/driver.ts';
import { createRegistry } from '#drivers/registry/registry.ts';
import { createRuntime } from '#drivers/runtime/runtime.ts';
import { lookUpUser } from '#drivers/runtime/users.ts';
import { createHostMounts } from '#drivers/snapshot/host-mounts.ts';
import { createSnapshots } from '#drivers/snapshot/snapshots.ts';
import { createVolumeStorage } from '#drivers/volume/storage.ts';
import { formatNano, nowNano } from '#lib/time.ts';
import { decompress } from '#os/decompress.ts';

export type Engine = Awaited<ReturnType<typeof composeEngine>>;

/** Makes the drivers and the domain over them, in the order of what needs what. Nothing listens yet. */
export async function composeEngine(options: { config: Config; version: string; root: string; log: Logger }) {
  const { config, version, root, log } = options;
  const { dataRoot, runDir, instance } = config;
  const keys = join(dataRoot, 'keys');
  const nowText = () => formatNano(nowNano());
  const warn = (message: string, error?: unknown) => log.warn({ err: error }, message);
  const onError = (what: string) => (error: unknown) => log.error({ err: error }, what);

  const database = await openDatabase({
    file: join(dataRoot, 'db', 'gantry.db'),
    migrations: join(root, 'prisma/migrations'),
  });
  const stores = createDocumentStores(database);
  const eventStore = createEventStore(database, onError('keeping events'));
  const { audit, access } = await composeAccess({ database, keys, onError: onError('anchoring the audit') });
  const events = createEventBus({ store: eventStore, now: nowNano, onListenerError: onError('a listener of events') });

  const runtime = await createRuntime({
    runDir,
    rootfsBase: join(dataRoot, 'overlay'),
    mountedBelow: [join(dataRoot, 'containers'), join(runDir, 'netns')],
    instance,
    runtime: config.runtime,
    seccompProfile: config.seccompProfile,
    log,
  });
  const networkDriver = await createNetworkDriver({
    instance,
    runDir,
    protectedPorts: config.port === 0 ? [] : [config.port],
    warn,
  });
  const content = await createContent({ dataRoot });
  // Images and containers know of each other; each is asked only once both are there.
  let images: Images;
  let containers: Containers;
  const snapshots = await createSnapshots({
    dataRoot,
    runDir,
    blobPath: content.path,
    // Nothing is below a build that begins from scratch.
    chainsOf: (imageId) => (imageId === SCRATCH ? [] : images.byId(imageId)?.chainIds),
    onError: onError('deleting what was removed'),
  });
  const registry = createRegistry({ insecure: config.insecureRegistries });
  images = await createImages({
    store: stores.images,
    content,
    layers: snapshots.layers,
    registry,
    decompress,
    events,
    containersUsing: (imageId) => containers.usingImage(imageId),
    now: nowText,
  });
  const mounts = createHostMounts();
  const files = await createFiles({ runDir });
  const networks = await createNetworks({
    driver: networkDriver,
    store: stores.networks,
    events,
    containers: () => containers,
    instance,
    now: nowText,
    warn,
  });
  const volumes = await createVolumes({
    storage: createVolumeStorage({ directory: join(dataRoot, 'volumes') }),
    store: stores.volumes,
    events,
    users: () => containers,
    now: nowText,
    warn,
  });
  const facts = engineFacts({ config, version, runtimeInfo: runtime.info });
  containers = createContainers({
    runtime,
    rootfs: snapshots.rootfs,
    networking: networks,
    volumes,
    images,
    store: stores.containers,
    events,
    mounts,
    files,
    host: {
      cpus: (await import('node:os')).availableParallelism(),
      cgroupVersion: runtime.info.cgroupVersion,
      hostname,
      runtimes: [...runtime.info.runtimes.keys()],
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      limits: runtime.info.limits,
    },
    log,
    now: nowNano,
    paths: { dataRoot, runDir },
  });
  const logs = createLogs({ get: containers.get, events, now: nowNano });
  const builder = createBuilder({
    rooms: createBuildRooms({
      dataRoot,
      rootfs: snapshots.rootfs,
      mounts,
      adoptLayer: snapshots.adoptLayer,
      throwAway: snapshots.throwAway,
      lookUpUser: (rootDirectory, user) => lookUpUser(rootDirectory, user, []),
      fetch: createFetch({ allowPrivate: config.buildPrivateAddresses }),
      caches: await createCaches({ dataRoot, throwAway: snapshots.throwAway }),
    }),
    images,
    containers,
    logs,
    now: nowText,
    onError: (what, error) => log.error({ err: error }, what),
  });
  const execs = createExecs({ containers, runtime, events });
  const usage = createUsage({ runtime, containers });
  const system = await createSystem({
    engine: facts,
    containers,
    images: { count: () => images.list().length },
    counters: { eventListeners: events.listeners, openFiles: async () => (await readdir('/proc/self/fd')).length },
  });

  await containers.recover();
  await builder.recover();
  const rotation = createRotation({
    containers,
    events,
    reopenLog: runtime.reopenLog,
    onError: (id, error) => log.error({ id, err: error }, 'rotating a log'),
  });
  const busybox = await readBusybox();
  if (busybox) await images.ensureStarterImage(busybox);
  else log.warn('There is no static busybox on this machine (package busybox-static), so there is no starter image.');

  return {
    access,
    audit,
    builder,
    containers,
    database,
    events,
    execs,
    images,
    logs,
    networks,
    /** For a port that was chosen when it was listened on. */
    protectPort: networkDriver.protect,
    runtime,
    snapshots,
    system,
    usage,
    volumes,
    /** Ends the engine's part. Containers go on; with none alive, nothing of this instance stays on the host. */
    async close() {
      rotation.close();
      await containers.close();
      runtime.close();
      const alive = containers.all().some(({ state }) => state.pid > 0 || state.status === 'restarting');
      await (alive ? networkDriver.close() : networkDriver.destroy());
      await files.close();
      await snapshots.settled();
      await snapshots.close();
      registry.close();
      await eventStore.flush();
      await audit.close();
      await database.close();
      if (!alive) await removeEmpty(runDir);
    },
  };
}

/** Directories without a file below them, the deepest first; whatever else is there stays. */
async function removeEmpty(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeEmpty(join(directory, entry.name));
  }
  await rmdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(error.code ?? '')) throw error;
  });
}

async function composeAccess(deps: { database: Database; keys: string; onError: (error: unknown) => void }) {
  const { database, keys, onError } = deps;
  const audit = await createAudit({
    directory: keys,
    store: (sealer) => createAuditStore({ database, sealer, currentDraft: auditScope.current }),
    onError,
  });
  const access = createAccess({
    store: createAccessStore(database),
    accounts: await createAccounts(database),
    setupFile: join(keys, 'setup.secret'),
  });
  return { audit, access };
}

function engineFacts(options: {
  config: Config;
  version: string;
  runtimeInfo: {
    name: string;
    conmonVersion: string;
    runtimes: ReadonlyMap<string, { path: string; version: string }>;
  };
}) {
  const { config, version, runtimeInfo } = options;
  return {
    id: createHash('sha256').update(`gantry:${hostname()}:${config.dataRoot}`).digest('hex').slice(0, 36),
    version,
    gitCommit: '',
    buildTime: '',
    dataRoot: config.dataRoot,
    defaultRuntime: runtimeInfo.name,
    runtimes: runtimeInfo.runtimes,
    conmonVersion: runtimeInfo.conmonVersion,
    seccompProfile: config.seccompProfile,
    registries: { mirrors: [], insecure: config.insecureRegistries },
    debug: config.logLevel === 'debug',
  };
}
