import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@libsql/client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAuditStore } from '#drivers/db/audit.ts';
import { type Database, openDatabase } from '#drivers/db/database.ts';
import { createDocumentStores } from '#drivers/db/documents.ts';
import { type Audit, createAudit } from './audit.ts';
import { csvCell } from './export.ts';
import { redact, redactText } from './redact.ts';
import { type AuditDraft, auditScope } from './scope.ts';

const migrations = fileURLToPath(new URL('../../../../../prisma/migrations', import.meta.url));
let directory: string;
let file: string;
let database: Database;
let audit: Audit;

const draft = (facts: Partial<AuditDraft> = {}): AuditDraft => ({
  actor: { kind: 'user', id: 'u1', name: 'ada', from: '10.0.0.1' },
  action: 'container.start',
  host: 'local',
  method: 'POST',
  route: '/containers/{id}/start',
  object: { type: 'container', id: 'abc123', name: 'web' },
  detail: {},
  startedAt: performance.now(),
  written: false,
  ...facts,
});
const ok = { decision: 'allow', status: 204, error: null } as const;

async function start(): Promise<void> {
  database = await openDatabase({ file, migrations });
  audit = await createAudit({
    directory: join(directory, 'keys'),
    store: (sealer) => createAuditStore({ database, sealer, currentDraft: auditScope.current }),
    onError: (error) => {
      throw error;
    },
  });
}
async function stop(): Promise<void> {
  await audit.close();
  await database.close();
}
/** What an intruder with the file but without the key does: the triggers are no hindrance then. */
async function tamper(...statements: string[]): Promise<void> {
  await stop();
  const client = createClient({ url: `file:${file}` });
  await client.execute('DROP TRIGGER "AuditRow_no_update"');
  await client.execute('DROP TRIGGER "AuditRow_no_delete"');
  for (const statement of statements) await client.execute(statement);
  client.close();
  await start();
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-audit-'));
  file = join(directory, 'db', 'gantry.db');
  await start();
});
afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true, force: true });
});

const fill = async (count: number) => {
  for (let i = 0; i < count; i++) await audit.record(draft({ action: `container.a${i}` }), ok);
};

describe('the chain', () => {
  test('is whole, also after a restart, under a key only root reads', async () => {
    await fill(3);
    await stop();
    await start();
    await fill(2);
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 5 });
    expect((await stat(join(directory, 'keys', 'audit.key'))).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['changed', `UPDATE "AuditRow" SET "actorName" = 'eve' WHERE seq = 2`, 2],
    ['changed', `UPDATE "AuditRow" SET "detail" = '{"x":1}' WHERE seq = 5`, 5],
    ['removed', 'DELETE FROM "AuditRow" WHERE seq = 3', 3],
    ['truncated', 'DELETE FROM "AuditRow" WHERE seq > 3', 4],
    ['truncated', 'DELETE FROM "AuditRow"', 1],
  ])('finds a row that was %s', async (kind, statement, seq) => {
    await fill(5);
    await tamper(statement);
    expect(await audit.verify()).toMatchObject({ ok: false, kind, seq });
  });

  test('finds rows that were exchanged', async () => {
    await fill(5);
    await tamper(
      'UPDATE "AuditRow" SET seq = 99 WHERE seq = 2',
      'UPDATE "AuditRow" SET seq = 2 WHERE seq = 3',
      'UPDATE "AuditRow" SET seq = 3 WHERE seq = 99',
    );
    expect(await audit.verify()).toMatchObject({ ok: false, kind: 'reordered', seq: 2 });
  });

  test('finds rows that were cut off and written anew by the engine itself', async () => {
    await fill(5);
    await tamper('DELETE FROM "AuditRow" WHERE seq > 3');
    await fill(4);
    expect(await audit.verify()).toMatchObject({ ok: false, kind: 'truncated', seq: 5 });
  });

  test('does not believe an anchor made with another key', async () => {
    await fill(2);
    await stop();
    const anchors = join(directory, 'keys', 'audit.anchors');
    await writeFile(anchors, (await readFile(anchors, 'utf8')).replace('"seq":2', '"seq":1'));
    await start();
    expect(await audit.verify()).toMatchObject({ ok: false });
  });

  test('the table refuses changes', async () => {
    await fill(1);
    await expect(database.prisma.auditRow.updateMany({ data: { actorName: 'eve' } })).rejects.toThrow();
    await expect(database.prisma.auditRow.deleteMany({})).rejects.toThrow();
    await expect(database.prisma.$executeRawUnsafe('DELETE FROM "AuditRow"')).rejects.toThrow(/append-only/);
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 1 });
  });
});

describe('rows and changes', () => {
  const volume = (name: string) => ({
    name,
    driver: 'local' as const,
    created: '2026-01-01T00:00:00Z',
    mountpoint: '/v',
    labels: {},
    options: {},
    anonymous: false,
  });

  test('the row is in the transaction of the change, once', async () => {
    const { volumes } = createDocumentStores(database);
    const request = draft({ action: 'volume.create', object: null });
    await auditScope.run(request, async () => {
      auditScope.object('volume', 'v1', 'v1');
      await volumes.insert(volume('v1'));
      await volumes.update(volume('v1'));
    });
    await audit.record(request, ok);
    const { rows } = await audit.query({}, { limit: 10 });
    expect(rows.map((row) => [row.action, row.objectName, row.result])).toEqual([['volume.create', 'v1', 'ok']]);
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 1 });
  });

  test('a change that fails leaves no row of success, and its failure is one', async () => {
    const { volumes } = createDocumentStores(database);
    await volumes.insert(volume('v1'));
    const request = draft({ action: 'volume.create' });
    await auditScope.run(request, () => expect(volumes.insert(volume('v1'))).rejects.toThrow());
    await audit.record(request, { decision: 'allow', status: 409, error: 'volume v1 exists' });
    const { rows } = await audit.query({}, { limit: 10 });
    expect(rows.map((row) => [row.status, row.result, row.error])).toEqual([[409, 'error', 'volume v1 exists']]);
    await volumes.insert(volume('v2'));
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 1 });
  });

  test('many at once keep one chain', async () => {
    await Promise.all(Array.from({ length: 40 }, () => audit.record(draft(), ok)));
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 40 });
  });

  test('pages, filters and counts', async () => {
    await fill(5);
    await audit.record(draft({ action: 'image.pull', object: { type: 'image', id: 'sha256:ff', name: 'redis' } }), ok);
    await audit.record(draft({ actor: { kind: 'anonymous', id: '', name: '', from: '10.9.9.9' } }), {
      decision: 'deny',
      status: 401,
      error: 'no',
    });
    const first = await audit.query({}, { limit: 3 });
    expect(first.rows.map((row) => row.seq)).toEqual([7, 6, 5]);
    expect(first).toMatchObject({ next: 5, total: 7 });
    const rest = await audit.query({}, { limit: 10, before: 5 });
    expect(rest.rows.map((row) => row.seq)).toEqual([4, 3, 2, 1]);
    expect(rest.next).toBeNull();
    const count = async (filter: Parameters<Audit['query']>[0]) => (await audit.query(filter, { limit: 50 })).total;
    expect(await count({ action: 'container.' })).toBe(6);
    expect(await count({ action: 'image.pull' })).toBe(1);
    expect(await count({ object: 'redis' })).toBe(1);
    expect(await count({ object: 'abc' })).toBe(6);
    expect(await count({ result: 'deny' })).toBe(1);
    expect(await count({ result: 'ok' })).toBe(6);
    expect(await count({ actor: 'ada' })).toBe(6);
    expect(await count({ q: '10.9.9' })).toBe(1);
    expect(await count({ since: '2999-01-01T00:00:00.000Z' })).toBe(0);
  });

  test('exports what is filtered, as JSON lines and as CSV that no spreadsheet runs', async () => {
    await audit.record(
      draft({ object: { type: 'container', id: 'x', name: '=cmd|calc!A1' }, detail: { image: 'a"b' } }),
      ok,
    );
    await audit.record(draft({ action: 'image.pull', object: { type: 'image', id: 'y', name: 'line\nfeed' } }), ok);
    const text = async (format: 'csv' | 'jsonl', filter = {}) => {
      let all = '';
      for await (const chunk of audit.export(format, filter)) all += chunk;
      return all;
    };
    const lines = (await text('jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.seq)).toEqual([2, 1]);
    expect(lines[1].detail).toEqual({ image: 'a"b' });
    const csv = await text('csv', { action: 'container.start' });
    expect(csv.split('\r\n')).toHaveLength(3);
    expect(csv).toContain(`"'=cmd|calc!A1"`);
    expect(await text('csv')).toContain('line\\u000afeed');
    for (const start of ['=', '+', '-', '@', '\t=', '\r', ' =1']) expect(csvCell(`${start}x`)).toBe(`"'${start}x"`);
  });
});

describe('redaction', () => {
  const canary = 'C4nary0fTheCoalMine';
  test.each<[string, unknown]>([
    ['environment', { Env: [`DB_URL=${canary}`, 'PATH'], env: { X: canary } }],
    ['build arguments', { buildargs: { TOKEN: canary } }],
    [
      'names that say so',
      { password: canary, registryToken: canary, 'X-Registry-Auth': canary, apiKey: canary, Authorization: canary },
    ],
    ['commands', { command: ['mysql', '--password', canary, `--token=${canary}`] }],
    ['command lines', { line: `login --password ${canary} -u x`, other: `PGPASSWORD=${canary} psql` }],
    ['URLs', { image: `https://user:${canary}@example.org/x` }],
    ['tokens', { note: `gantry_${canary}${canary}`, header: `Bearer ${canary}` }],
    ['deep places', { a: [{ b: { secret: { c: canary } } }] }],
  ])('%s', (_name, detail) => {
    expect(JSON.stringify(redact(detail))).not.toContain(canary);
  });

  test('keeps what is no secret', () => {
    const detail = { image: 'redis:7', command: ['sh', '-c', 'echo hello'], exitCode: 3, tty: true, keyboard: 'us' };
    expect(redact(detail)).toEqual(detail);
    expect(redactText('container token-ring started')).toBe('container token-ring started');
  });

  test('is bounded', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`);
    expect(
      JSON.stringify(redact({ deep, long: 'x'.repeat(100_000), many: Array(10_000).fill(1) })).length,
    ).toBeLessThan(8_000);
  });

  test.each([
    'x',
    '-',
    '--',
    'a.',
    'password',
    '-password ',
    'token=',
    'https://',
    'https://a:b',
    ' ',
    '"secret":',
    'Bearer ',
    '=',
  ])('takes no time over megabytes of %j', (piece) => {
    const started = performance.now();
    redactText(piece.repeat(4_000_000 / piece.length));
    redact({ text: piece.repeat(4_000_000 / piece.length) });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('a canary in a request reaches no row', async () => {
    await audit.record(
      draft({ detail: { env: [`A=${canary}`] }, object: { type: 'image', id: '', name: `https://u:${canary}@r/x` } }),
      {
        decision: 'allow',
        status: 500,
        error: `cannot reach https://u:${canary}@r/x`,
      },
    );
    await stop();
    const bytes = Buffer.concat([await readFile(file), await readFile(`${file}-wal`).catch(() => Buffer.alloc(0))]);
    expect(bytes.includes(canary)).toBe(false);
    await start();
  });
});
