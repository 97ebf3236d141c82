import { EngineError } from '#core/errors.ts';
import { isHexPrefix } from '#lib/ids.ts';
import type { ContainerStore } from './ports.ts';
import type { ContainerRecord, ContainerState } from './types.ts';

export type Collection = ReturnType<typeof createCollection>;

/**
 * All containers in memory, found by id, name or unique id prefix, and written
 * through to the store. Records are never changed in place: a reader may keep
 * one. Names and ids are keys of maps only, so that no name is special.
 */
export function createCollection(store: ContainerStore) {
  const records = new Map<string, ContainerRecord>();
  const idsByName = new Map<string, string>();
  const writes = new Map<string, Promise<void>>();
  /** A late write must not bring a row back that is being deleted. */
  const deleting = new Set<string>();

  function resolve(reference: string): ContainerRecord {
    if (reference === '') throw new EngineError('invalid_argument', 'invalid container name or ID: value is empty');
    const exact = records.get(reference);
    if (exact) return exact;
    const name = reference.startsWith('/') ? reference.slice(1) : reference;
    const named = records.get(idsByName.get(name) ?? '');
    if (named) return named;
    const matches = isHexPrefix(reference) ? withPrefix(reference) : [];
    if (matches.length > 1) {
      throw new EngineError('invalid_argument', `multiple IDs found with provided prefix: ${reference}`);
    }
    const [only] = matches;
    if (!only) throw new EngineError('not_found', `No such container: ${reference}`);
    return only;
  }

  function withPrefix(prefix: string): ContainerRecord[] {
    const found: ContainerRecord[] = [];
    for (const record of records.values()) {
      if (record.id.startsWith(prefix)) found.push(record);
      if (found.length > 1) break;
    }
    return found;
  }

  function reserveName(name: string, id: string): void {
    const holder = idsByName.get(name);
    if (holder !== undefined && holder !== id) {
      throw new EngineError(
        'conflict',
        `Conflict. The container name "/${name}" is already in use by container "${holder}". ` +
          'You have to remove (or rename) that container to be able to reuse that name.',
      );
    }
    idsByName.set(name, id);
  }

  function releaseName(name: string, id: string): void {
    if (idsByName.get(name) === id) idsByName.delete(name);
  }

  /** Replaces fields of a record in memory. Undefined when the container is gone: whoever lost the race has nothing to say. */
  function change(
    id: string,
    patch: Partial<Omit<ContainerRecord, 'id' | 'state'>> & { state?: Partial<ContainerState> },
  ) {
    const before = records.get(id);
    if (!before) return undefined;
    const after: ContainerRecord = { ...before, ...patch, state: { ...before.state, ...patch.state } };
    records.set(id, after);
    return after;
  }

  /** Writes the record as it is when its turn comes. Writes of one container keep their order. */
  function save(id: string): Promise<void> {
    const write = async (): Promise<void> => {
      const record = records.get(id);
      if (record && !deleting.has(id)) await store.update(record);
    };
    const run = (writes.get(id) ?? Promise.resolve()).then(write, write);
    writes.set(id, run);
    const forget = (): void => {
      if (writes.get(id) === run) writes.delete(id);
    };
    run.then(forget, forget);
    return run;
  }

  return {
    resolve,
    byId: (id: string): ContainerRecord | undefined => records.get(id),
    byName: (name: string): ContainerRecord | undefined => records.get(idsByName.get(name) ?? ''),
    nameTaken: (name: string): boolean => idsByName.has(name),
    all: (): ContainerRecord[] => [...records.values()],
    reserveName,
    releaseName,
    change,
    save,
    /** Makes a new container durable, then visible. */
    async add(record: ContainerRecord): Promise<void> {
      await store.insert(record);
      records.set(record.id, record);
    },
    /** Durable first: after a crash a container is either whole or gone. */
    async delete(id: string): Promise<void> {
      deleting.add(id);
      try {
        await writes.get(id)?.catch(() => undefined);
        await store.delete(id);
      } catch (error) {
        deleting.delete(id);
        throw error;
      }
      const record = records.get(id);
      records.delete(id);
      deleting.delete(id);
      if (record) releaseName(record.name, id);
    },
    /** At boot. */
    async load(): Promise<ContainerRecord[]> {
      const loaded = await store.load();
      loaded.sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
      for (const record of loaded) {
        records.set(record.id, record);
        idsByName.set(record.name, record.id);
      }
      return loaded;
    },
  };
}
