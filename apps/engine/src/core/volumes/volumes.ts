import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import { newId } from '#lib/ids.ts';
import { createKeyedMutex } from '#lib/mutex.ts';
import type { VolumeStorage, VolumeStore, VolumeUsers } from './ports.ts';
import type { VolumeAccess, VolumeRecord } from './types.ts';
import { checkVolumeDriver, checkVolumeName, checkVolumeOptions } from './validate.ts';

export type VolumeCreate = Parameters<VolumeAccess['ensure']>[0];

/** Volumes as people see them, and what containers ask of them. Sibling noun: containers (by its port only). */
export type Volumes = VolumeAccess & {
  list(): VolumeRecord[];
  /** Throws not_found in Docker's words. */
  inspect(name: string): VolumeRecord;
  /** The same as `ensure`. */
  create(request: VolumeCreate): Promise<VolumeRecord>;
  /** Ids of containers that mount it, stopped ones too. */
  users(name: string): string[];
  /** Removes unused volumes that `matches`. */
  prune(matches: (volume: VolumeRecord) => boolean): Promise<{ deleted: string[]; reclaimed: number }>;
  /** Bytes on disk; -1 when somebody else's (mounted by options). Reads the whole directory. */
  size(name: string): Promise<number>;
};

export type VolumesDeps = {
  storage: VolumeStorage;
  store: VolumeStore;
  events: Pick<EventBus, 'publish'>;
  /** Late, because containers are made with volumes and not before them. */
  users: () => VolumeUsers;
  /** RFC 3339. */
  now: () => string;
  warn: (message: string, error?: unknown) => void;
};

type Context = VolumesDeps & {
  records: Map<string, VolumeRecord>;
  /** Containers that hold a volume now, by name. After a restart of the engine it starts empty: see `release`. */
  held: Map<string, Set<string>>;
  lock: <T>(name: string, work: () => Promise<T>) => Promise<T>;
};

export async function createVolumes(deps: VolumesDeps): Promise<Volumes> {
  const records = new Map((await deps.store.load()).map((record) => [record.name, record]));
  const context: Context = { ...deps, records, held: new Map(), lock: createKeyedMutex() };
  const create = (request: VolumeCreate) => ensure(context, request);
  await recover(context);
  return {
    get: (name) => records.get(name),
    list: () => [...records.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    inspect: (name) => find(context, name, `get ${name}: no such volume`),
    ensure: create,
    create,
    users: (name) => deps.users().usingVolume(name),
    acquire: (name, containerId, attributes = {}) =>
      context.lock(name, () => acquire(context, name, { ...attributes, container: containerId })),
    release: (name, containerId) => context.lock(name, () => release(context, name, containerId)),
    copyUp: (name, root, path) => context.lock(name, () => copyUp(context, name, root, path)),
    remove: (name, options = {}) => context.lock(name, () => remove(context, name, options)),
    prune: (matches) => prune(context, matches),
    async size(name) {
      const record = find(context, name, `get ${name}: no such volume`);
      return hasOptions(record) ? -1 : deps.storage.size(name);
    },
  };
}

const hasOptions = (record: VolumeRecord): boolean => Object.keys(record.options).length > 0;

function find(context: Context, name: string, message: string): VolumeRecord {
  const record = context.records.get(name);
  if (!record) throw new EngineError('not_found', message);
  return record;
}

function announce(
  context: Context,
  action: string,
  record: VolumeRecord,
  attributes: Record<string, string> = {},
): void {
  const all = { driver: record.driver, ...attributes };
  context.events.publish({ type: 'volume', action, id: record.name, attributes: all });
}

async function ensure(context: Context, request: VolumeCreate): Promise<VolumeRecord> {
  const anonymous = request.name === '';
  const name = anonymous ? newId() : request.name;
  checkVolumeName(name);
  checkVolumeDriver(request.driver || 'local');
  checkVolumeOptions(name, request.options);
  return context.lock(name, async () => {
    const existing = context.records.get(name);
    if (existing) return assertSame(existing, request);
    const record: VolumeRecord = {
      name,
      driver: 'local',
      created: context.now(),
      mountpoint: context.storage.mountpoint(name),
      labels: request.labels,
      options: request.options,
      anonymous,
    };
    const made = await context.storage.create(name);
    try {
      await context.store.insert(record);
    } catch (error) {
      if (made) await discard(context, name);
      throw error;
    }
    context.records.set(name, record);
    auditScope.object('volume', name, name);
    announce(context, 'create', record);
    return record;
  });
}

async function discard(context: Context, name: string): Promise<void> {
  try {
    await context.storage.setAside(name);
    await context.storage.removeAside(name);
  } catch (error) {
    context.warn(`removing the directory of volume ${name}; the next start tries again`, error);
  }
}

/** Asking again for what is there is fine; asking for something else under its name is not. */
function assertSame(existing: VolumeRecord, request: VolumeCreate): VolumeRecord {
  const wanted = Object.entries(request.options);
  const same = wanted.every(([key, value]) => existing.options[key] === value);
  if (wanted.length > 0 && (!same || wanted.length !== Object.keys(existing.options).length)) {
    const text = `create ${existing.name}: conflict: a volume of this name exists with other options`;
    throw new EngineError('conflict', text);
  }
  return existing;
}

async function acquire(context: Context, name: string, by: { container: string }): Promise<string> {
  const record = find(context, name, `get ${name}: no such volume`);
  const holders = context.held.get(name) ?? new Set<string>();
  if (hasOptions(record)) await context.storage.mount(name, record.options);
  else await context.storage.create(name);
  context.held.set(name, holders.add(by.container));
  announce(context, 'mount', record, { ...by });
  return record.mountpoint;
}

async function release(context: Context, name: string, containerId: string): Promise<void> {
  const record = context.records.get(name);
  const holders = context.held.get(name);
  const held = holders?.delete(containerId) ?? false;
  if (holders?.size === 0) context.held.delete(name);
  if (!record) return;
  // Containers that ran before this engine started are in no list of ours.
  const others = context
    .users()
    .usingVolume(name)
    .filter((id) => id !== containerId && isUp(context, id));
  if (hasOptions(record) && others.length === 0 && !context.held.has(name)) await context.storage.unmount(name);
  if (held) announce(context, 'unmount', record, { container: containerId });
}

function isUp(context: Context, containerId: string): boolean {
  const status = context.users().get(containerId)?.state.status;
  return status === 'running' || status === 'paused' || status === 'restarting';
}

async function copyUp(context: Context, name: string, root: string, path: string): Promise<void> {
  const record = find(context, name, `get ${name}: no such volume`);
  const inUse = context.held.has(name);
  if (hasOptions(record)) await context.storage.mount(name, record.options);
  try {
    await context.storage.copyUp(name, root, path);
  } finally {
    if (hasOptions(record) && !inUse) await context.storage.unmount(name);
  }
}

async function remove(context: Context, name: string, options: { force?: boolean }): Promise<void> {
  const record = context.records.get(name);
  if (!record) {
    if (options.force) return;
    throw new EngineError('not_found', `get ${name}: no such volume`);
  }
  auditScope.object('volume', name, name);
  const users = usersThatKeep(context, record, options);
  if (users.length > 0) throw new EngineError('conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
  await context.storage.unmount(name);
  await context.storage.setAside(name);
  try {
    await context.store.delete(name);
  } catch (error) {
    await context.storage.putBack(name);
    throw error;
  }
  context.records.delete(name);
  await context.storage.removeAside(name).catch((error: unknown) => {
    // It is gone for everybody: the disk space is freed at the next start.
    context.warn(`deleting what volume ${name} held`, error);
  });
  announce(context, 'destroy', record);
}

/** With force, an anonymous volume does not wait for a container that is still in the making: its create has failed. */
function usersThatKeep(context: Context, record: VolumeRecord, options: { force?: boolean }): string[] {
  const users = [...new Set([...context.users().usingVolume(record.name), ...(context.held.get(record.name) ?? [])])];
  if (!options.force || !record.anonymous) return users;
  return users.filter((id) => context.users().get(id) !== undefined);
}

async function prune(
  context: Context,
  matches: (volume: VolumeRecord) => boolean,
): Promise<{ deleted: string[]; reclaimed: number }> {
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const record of [...context.records.values()]) {
    if (!matches(record)) continue;
    await context.lock(record.name, async () => {
      if (!context.records.has(record.name) || usersThatKeep(context, record, {}).length > 0) return;
      const size = hasOptions(record) ? 0 : await context.storage.size(record.name);
      await remove(context, record.name, {});
      deleted.push(record.name);
      reclaimed += size;
    });
  }
  context.events.publish({ type: 'volume', action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } });
  return { deleted, reclaimed };
}

/**
 * A crash in the middle of a removal is undone or completed by what the records say; an empty directory is what a crash
 * in the middle of a creation left. Data of no volume is left alone.
 */
async function recover(context: Context): Promise<void> {
  const { present, aside } = await context.storage.list();
  for (const name of aside) {
    if (context.records.has(name)) await context.storage.putBack(name);
    else await discard(context, name);
  }
  for (const name of present) {
    if (context.records.has(name) || (await context.storage.removeEmpty(name))) continue;
    context.warn(`the directory of ${JSON.stringify(name)} belongs to no volume`);
  }
}
