import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { VolumeRecord } from '#core/volumes/types.ts';
import { openDatabase } from './database.ts';
import { createDocumentStores } from './documents.ts';
import { createEventStore } from './events.ts';

const PRISMA = join(dirname(fileURLToPath(import.meta.url)), '../../../../../prisma');
const migrations = join(PRISMA, 'migrations');
let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-db-'));
  file = join(directory, 'db', 'gantry.db');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const volume = (name: string): VolumeRecord => ({
  name,
  driver: 'local',
  created: '2026-01-01T00:00:00Z',
  mountpoint: `/v/${name}`,
  labels: JSON.parse('{"__proto__": "kept"}'),
  options: {},
  anonymous: false,
});

test('what was written is there after closing and opening, in a file only its owner reads', async () => {
  const first = await openDatabase({ file, migrations });
  await createDocumentStores(first).volumes.insert(volume('a'));
  await first.close();
  const second = await openDatabase({ file, migrations });
  const [loaded] = await createDocumentStores(second).volumes.load();
  expect(loaded).toEqual(volume('a'));
  expect(Object.keys(loaded?.labels ?? {})).toEqual(['__proto__']);
  await second.close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a full disk is told as one, and the next write works again', async () => {
  const database = await openDatabase({ file, migrations });
  const { volumes } = createDocumentStores(database);
  const pages = async (count: number) => database.prisma.$queryRawUnsafe(`PRAGMA max_page_count = ${count}`);
  await pages(1);
  const big = { ...volume('a'), options: { o: 'x'.repeat(1024 * 1024) } };
  await expect(volumes.insert(big)).rejects.toThrow('no space left on device');
  expect(await volumes.load()).toEqual([]);
  await pages(1_000_000);
  await volumes.insert(big);
  expect(await volumes.load()).toHaveLength(1);
  await database.close();
});

test('several changes are one transaction: a failing one undoes the others', async () => {
  const database = await openDatabase({ file, migrations });
  const { volumes } = createDocumentStores(database);
  await volumes.insert(volume('a'));
  database.setAuditWriter({
    prepare: () => ({
      // Fails the second time: the name is taken.
      operation: database.prisma.network.create({ data: { id: 'n', name: 'n', doc: '{}' } }),
      committed: () => undefined,
    }),
  });
  await volumes.write({ put: [volume('b')], remove: ['a'] });
  await expect(volumes.write({ put: [volume('c')], remove: ['b'] })).rejects.toThrow();
  expect((await volumes.load()).map(({ name }) => name)).toEqual(['b']);
  await database.close();
});

test('concurrent writers take turns and none is lost', async () => {
  const database = await openDatabase({ file, migrations });
  const { volumes } = createDocumentStores(database);
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => volumes.write({ put: [volume(`v${index}`)], remove: ['x'] })),
  );
  expect(await volumes.load()).toHaveLength(50);
  await database.close();
});

test('the connection keeps its PRAGMAs through transactions', async () => {
  const database = await openDatabase({ file, migrations });
  await createDocumentStores(database).volumes.write({ put: [volume('a'), volume('b')] });
  const pragma = async (name: string) =>
    Object.values((await database.prisma.$queryRawUnsafe<object[]>(`PRAGMA ${name}`))[0] ?? {})[0];
  expect(String(await pragma('synchronous'))).toBe('2');
  expect(String(await pragma('foreign_keys'))).toBe('1');
  expect(await pragma('journal_mode')).toBe('wal');
  await database.close();
});

test('a damaged file and a database of a newer version are refused with what to do', async () => {
  await (await openDatabase({ file, migrations })).close();
  const more = join(directory, 'migrations');
  await cp(migrations, more, { recursive: true });
  await cp(join(more, '0001_init'), join(more, '9999_later'), { recursive: true });
  await writeFile(join(more, '9999_later', 'migration.sql'), 'CREATE TABLE "Later" ("id" TEXT);');
  await (await openDatabase({ file, migrations: more })).close();
  await expect(openDatabase({ file, migrations })).rejects.toThrow(/newer Gantry/);
  await writeFile(file, Buffer.concat([(await readFile(file)).subarray(0, 4096), Buffer.alloc(60_000, 7)]));
  await rm(`${file}-wal`, { force: true });
  await rm(`${file}-shm`, { force: true });
  await expect(openDatabase({ file, migrations: more })).rejects.toThrow(/damaged/);
});

test('events come back in order, in range, with their nanoseconds', async () => {
  const database = await openDatabase({ file, migrations });
  const errors: unknown[] = [];
  const events = createEventStore(database, (error) => errors.push(error));
  const at = 1_800_000_000_123_456_789n;
  for (let i = 0n; i < 5n; i++) {
    events.append({
      type: 'container',
      action: `a${i}`,
      actor: { id: 'x', attributes: { name: 'n' } },
      timeNano: at + i,
    });
  }
  const some = await events.range(at + 1n, at + 3n);
  expect(some.map((event) => event.action)).toEqual(['a1', 'a2', 'a3']);
  expect(some[0]).toEqual({
    type: 'container',
    action: 'a1',
    actor: { id: 'x', attributes: { name: 'n' } },
    timeNano: at + 1n,
  });
  expect(errors).toEqual([]);
  await database.close();
});

/** Its type is in the DOM library, which the engine does not use. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

/** The schema engine as WebAssembly: the native one would have to be downloaded. */
async function schemaEngine(schema: string, url: string) {
  // The package exports only its bundler entry; its parts are loaded by path.
  const parts = join(PRISMA, '../node_modules/@prisma/schema-engine-wasm');
  const glue = await import(pathToFileURL(join(parts, 'schema_engine_bg.js')).href);
  const wasm = await readFile(join(parts, 'schema_engine_bg.wasm'));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const factory = bindMigrationAwareSqlAdapterFactory(new PrismaLibSql({ url }));
  return glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => undefined, factory);
}

test('the migrations give the schema of schema.prisma', async () => {
  await (await openDatabase({ file, migrations })).close();
  const schema = await readFile(join(PRISMA, 'schema.prisma'), 'utf8');
  const engine = await schemaEngine(schema, `file:${file}`);
  const files = [{ path: 'schema.prisma', content: schema }];
  const empty = [
    {
      path: 'schema.prisma',
      content: schema.slice(schema.indexOf('datasource db'), schema.indexOf('// ---- What should be')),
    },
  ];
  const found = await engine.introspect({
    schema: { files: empty },
    force: true,
    compositeTypeDepth: 0,
    baseDirectoryPath: directory,
    namespaces: null,
  });
  expect(found.schema.files[0].content).toContain('model AuditRow');
  const introspected = { tag: 'schemaDatamodel', files: found.schema.files } as const;
  const wanted = { tag: 'schemaDatamodel', files } as const;
  const filters = { externalTables: [], externalEnums: [] };
  const drift = await engine.diff({
    from: introspected,
    to: wanted,
    script: true,
    shadowDatabaseUrl: null,
    exitCode: null,
    filters,
  });
  expect(drift.stdout.trim()).toBe('-- This is an empty migration.');
});
