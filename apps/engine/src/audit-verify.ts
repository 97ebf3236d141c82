import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '#config/config.ts';
import { createAudit } from '#core/audit/audit.ts';
import { createAuditStore } from '#drivers/db/audit.ts';
import { openDatabase } from '#drivers/db/database.ts';

/**
 * `npm run audit:verify [-- --data-root DIR]`: walks the chain of the audit
 * and its anchors. Exit code 0 when every row is as it was written, 1 when
 * not, 2 when it cannot be told. The engine may be running.
 */
async function main(): Promise<number> {
  const { config } = loadConfig(process.argv.slice(2), process.env);
  const keys = join(config.dataRoot, 'keys');
  const file = join(config.dataRoot, 'db', 'gantry.db');
  // Opening makes what is missing, and a new key or an empty table would look like a sound audit.
  for (const needed of [file, join(keys, 'audit.key')]) {
    const there = await access(needed).then(
      () => true,
      () => false,
    );
    if (!there)
      throw new ConfigError(`There is no audit here: ${needed} is missing. Name the data root with --data-root.`);
  }
  const database = await openDatabase({ file, migrations: join(import.meta.dirname, '../../../prisma/migrations') });
  try {
    const audit = await createAudit({
      directory: keys,
      store: (sealer) => createAuditStore({ database, sealer, currentDraft: () => undefined }),
      onError: (error) => {
        throw error;
      },
    });
    const verdict = await audit.verify();
    process.stdout.write(
      verdict.ok
        ? `The audit is whole: ${verdict.rows} rows, ${verdict.anchors} anchors.\n`
        : `The audit is NOT whole (${verdict.kind}): ${verdict.message}.\n`,
    );
    return verdict.ok ? 0 : 1;
  } finally {
    await database.close();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : ((error as Error).stack ?? error)}\n`);
    process.exitCode = 2;
  },
);
