import type { ContainerRecord } from '#core/containers/types.ts';
import type { ImageRecord } from '#core/images/types.ts';
import type { NetworkRecord } from '#core/networks/types.ts';
import type { VolumeRecord } from '#core/volumes/types.ts';
import type { Database } from './database.ts';
import type { Prisma } from './generated/client.ts';

/**
 * Keeps one kind of resource: what is unique or searched as columns, the rest
 * as JSON. Every method is one durable transaction that also holds the audit
 * row of the request it serves.
 */
export type DocumentStore<T> = {
  load(): Promise<T[]>;
  insert(record: T): Promise<void>;
  update(record: T): Promise<void>;
  delete(id: string): Promise<void>;
  /** Several changes in one transaction. */
  write(changes: { put?: readonly T[]; remove?: readonly string[] }): Promise<void>;
};

/** The part of a Prisma delegate used here; each delegate is a type of its own and they share no parent. */
type Table<R> = {
  findMany(args?: { orderBy: { id: 'asc' } }): Prisma.PrismaPromise<{ doc: string }[]>;
  create(args: { data: R }): Prisma.PrismaPromise<unknown>;
  upsert(args: { where: { id: string }; create: R; update: R }): Prisma.PrismaPromise<unknown>;
  deleteMany(args: { where: { id: string } }): Prisma.PrismaPromise<unknown>;
};

function documents<T, R extends { id: string; doc: string }>(
  database: Database,
  table: Table<NoInfer<R>>,
  row: (record: T) => R,
): DocumentStore<T> {
  const put = (record: T) => {
    const data = row(record);
    return table.upsert({ where: { id: data.id }, create: data, update: data });
  };
  const remove = (id: string) => table.deleteMany({ where: { id } });
  return {
    load: async () => (await table.findMany({ orderBy: { id: 'asc' } })).map(({ doc }) => JSON.parse(doc) as T),
    insert: (record) => database.write(() => [table.create({ data: row(record) })]),
    update: (record) => database.write(() => [put(record)]),
    delete: (id) => database.write(() => [remove(id)]),
    write: (changes) => database.write(() => [...(changes.remove ?? []).map(remove), ...(changes.put ?? []).map(put)]),
  };
}

export type LayerRow = { chainId: string };
export type ExecRow = { id: string; containerId: string };

export function createDocumentStores(database: Database) {
  const { prisma } = database;
  return {
    containers: documents(database, prisma.container, (record: ContainerRecord) => ({
      id: record.id,
      name: record.name,
      imageId: record.imageId,
      status: record.state.status,
      doc: JSON.stringify(record),
    })),
    images: documents(database, prisma.image, (record: ImageRecord) => ({
      id: record.id,
      name: record.repoTags[0] ?? '',
      doc: JSON.stringify(record),
    })),
    volumes: documents(database, prisma.volume, (record: VolumeRecord) => ({
      id: record.name,
      name: record.name,
      doc: JSON.stringify(record),
    })),
    networks: documents(database, prisma.network, (record: NetworkRecord) => ({
      id: record.id,
      name: record.name,
      doc: JSON.stringify(record),
    })),
    /** Generic in the record: the nouns own their shapes. */
    layers: <T extends LayerRow>() =>
      documents(database, prisma.layer, (record: T) => ({
        id: record.chainId,
        name: record.chainId,
        doc: JSON.stringify(record),
      })),
    execs: <T extends ExecRow>() =>
      documents(database, prisma.exec, (record: T) => ({
        id: record.id,
        name: record.id,
        containerId: record.containerId,
        doc: JSON.stringify(record),
      })),
  };
}
