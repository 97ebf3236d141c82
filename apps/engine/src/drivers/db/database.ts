import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Client, Transaction } from '@libsql/client';
import { PrismaLibSql } from '@prisma/adapter-libsql';
import { EngineError } from '#core/errors.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';

/** The audit's part in a transaction: made by drivers/db/audit.ts, used by every write here. */
export type AuditWriter = {
  /**
   * The insert of the row that belongs to the request in whose asynchronous
   * context this runs, or null when there is none or it is already written.
   * Called with the writer's turn held, so that the hash chain has one tail.
   */
  prepare(): { operation: Prisma.PrismaPromise<unknown>; committed: () => void } | null;
};

export type Database = {
  readonly prisma: PrismaClient;
  /** One transaction: these operations and the request's audit row, or none of them. One writer at a time. */
  write(operations: () => Prisma.PrismaPromise<unknown>[]): Promise<void>;
  /** Work that needs the writer's turn for itself (the audit's own rows, better-auth's transactions). */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  setAuditWriter(writer: AuditWriter): void;
  close(): Promise<void>;
};

/**
 * Opens (and on first use makes) the database: WAL, `synchronous=FULL` and
 * foreign keys on, integrity checked, migrations applied. The file has mode
 * 0600. Errors: `internal` with what to do when the file is damaged or newer
 * than this engine.
 */
export async function openDatabase(options: { file: string; migrations: string }): Promise<Database> {
  await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
  const factory = new OneConnection({ url: `file:${options.file}` });
  const prisma = new PrismaClient({ adapter: factory });
  const client = await factory.opened(prisma);
  await chmod(options.file, 0o600);
  await prepareConnection(client, options.file);
  await migrate(client, options.migrations);

  let tail: Promise<unknown> = Promise.resolve();
  let audit: AuditWriter | undefined;
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const run = tail.then(work);
    tail = run.catch(() => undefined);
    return run.catch((error: unknown) => {
      throw storageError(error);
    });
  };
  return {
    prisma,
    exclusive,
    write: (operations) =>
      exclusive(async () => {
        const row = audit?.prepare() ?? null;
        const all = operations();
        if (row) all.push(row.operation);
        if (all.length === 1) await all[0];
        else if (all.length > 1) await prisma.$transaction(all);
        row?.committed();
      }),
    setAuditWriter: (writer) => {
      audit = writer;
    },
    close: async () => {
      await tail;
      await prisma.$disconnect();
    },
  };
}

/** A disk that is full or fails, in words for the person whose request met it. */
function storageError(error: unknown): unknown {
  const text = error instanceof Error ? error.message : '';
  if (/SQLITE_FULL/.test(text)) {
    return new EngineError('internal', 'the state cannot be saved: no space left on device', { cause: error });
  }
  if (/SQLITE_(IOERR|READONLY|CORRUPT|CANTOPEN)/.test(text)) {
    return new EngineError('internal', 'the state cannot be saved: the database cannot be written', { cause: error });
  }
  return error;
}

/**
 * The libsql client opens a further connection after every transaction, which
 * forgets the PRAGMAs and leaves the old one to the garbage collector. There is
 * one writer here and the adapter holds a lock through a transaction, so one
 * connection serves: a transaction is BEGIN … COMMIT on it.
 */
class OneConnection extends PrismaLibSql {
  #client: Client | undefined;

  override createClient(config: Parameters<PrismaLibSql['createClient']>[0]): Client {
    const client = super.createClient(config);
    client.transaction = async (): Promise<Transaction> => {
      await client.execute('BEGIN IMMEDIATE');
      let open = true;
      const end = (sql: string) => async () => {
        if (!open) return;
        open = false;
        await client.execute(sql);
      };
      return {
        execute: (statement: Parameters<Transaction['execute']>[0]) => client.execute(statement),
        batch: (statements: Parameters<Transaction['batch']>[0]) => client.batch(statements),
        executeMultiple: (sql: string) => client.executeMultiple(sql),
        commit: end('COMMIT'),
        rollback: end('ROLLBACK'),
        close: () => undefined,
        get closed() {
          return !open;
        },
      } as Transaction;
    };
    this.#client = client;
    return client;
  }

  /** The one connection, once the client has connected. */
  async opened(prisma: PrismaClient): Promise<Client> {
    await prisma.$connect();
    await prisma.$queryRawUnsafe('SELECT 1');
    if (!this.#client) throw new EngineError('internal', 'the database did not open');
    return this.#client;
  }
}

async function prepareConnection(client: Client, file: string): Promise<void> {
  let verdict: string;
  try {
    await client.execute('PRAGMA busy_timeout = 5000');
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = FULL');
    await client.execute('PRAGMA foreign_keys = ON');
    verdict = String((await client.execute('PRAGMA integrity_check(1)')).rows[0]?.[0] ?? 'no answer');
  } catch (error) {
    verdict = (error as Error).message;
  }
  if (verdict !== 'ok') {
    throw new EngineError(
      'internal',
      `The database ${file} is damaged or cannot be read (${verdict}). Restore a backup of it, or move it away to start with an empty one.`,
    );
  }
}

/** Applies what is new, each migration in a transaction, recorded in `_prisma_migrations` as Prisma does. */
async function migrate(client: Client, directory: string): Promise<void> {
  await client.execute(`CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME,
    "migration_name" TEXT NOT NULL, "logs" TEXT, "rolled_back_at" DATETIME,
    "started_at" DATETIME NOT NULL DEFAULT current_timestamp, "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`);
  const rows = await client.execute(
    'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL',
  );
  const applied = new Map(rows.rows.map((row) => [String(row[0]), String(row[1])]));
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  for (const name of names.sort()) {
    const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
    const checksum = createHash('sha256').update(sql).digest('hex');
    const known = applied.get(name);
    applied.delete(name);
    if (known === checksum) continue;
    if (known !== undefined) {
      throw new EngineError('internal', `The migration ${name} was changed after it was applied to this database.`);
    }
    const record = `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
      VALUES ('${randomUUID()}', '${checksum}', current_timestamp, '${name.replaceAll("'", "''")}', 1);`;
    await client.executeMultiple(`BEGIN IMMEDIATE;\n${sql}\n${record}\nCOMMIT;`);
  }
  const unknown = [...applied.keys()][0];
  if (unknown !== undefined) {
    throw new EngineError(
      'internal',
      `The database was written by a newer Gantry (migration ${unknown}). Start that version.`,
    );
  }
}
