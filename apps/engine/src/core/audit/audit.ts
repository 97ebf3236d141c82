import { randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import { type Anchor, GENESIS, makeAnchor, seal, type Verdict, verifyChain } from './chain.ts';
import { type AuditEntry, type AuditOutcome, composeEntry } from './entry.ts';
import { exportRows } from './export.ts';
import type { AuditFilter, AuditSealer, AuditStore } from './ports.ts';
import { type AuditDraft, auditScope } from './scope.ts';

/** The head is anchored this long after a row at the latest: what a cut could lose unnoticed. */
const ANCHOR_AFTER_MS = 1_000;

export type Audit = {
  /**
   * Writes the row of a request that has ended, unless a transaction of it
   * did. @throws when it cannot be written: then the request must fail.
   */
  record(draft: AuditDraft, outcome: AuditOutcome): Promise<void>;
  query(
    filter: AuditFilter,
    options: { before?: number; limit: number },
  ): Promise<{ rows: AuditEntry[]; next: number | null; total: number }>;
  /** Oldest first, in chunks of text; bounded memory however long the audit. */
  export(format: 'jsonl' | 'csv', filter: AuditFilter): AsyncGenerator<string>;
  verify(): Promise<Verdict>;
  /** Called for every row once it is durable. Returns the unsubscribe. */
  onRow(listener: (entry: AuditEntry) => void): () => void;
  /** Writes the last anchor. */
  close(): Promise<void>;
};

/**
 * The audit: append-only rows in a hash chain under a key that is not in the
 * database, with its head anchored in a file beside the key.
 *
 * `store` is made with the sealer, because rows are written by the database
 * in the transaction of the change they describe.
 */
export async function createAudit(deps: {
  /** `<dataRoot>/keys`. */
  directory: string;
  store: (sealer: AuditSealer) => Promise<AuditStore>;
  onError: (error: unknown) => void;
}): Promise<Audit> {
  const key = await loadKey(deps.directory);
  const anchors = createAnchors({ file: join(deps.directory, 'audit.anchors'), key, onError: deps.onError });
  const listeners = new Set<(entry: AuditEntry) => void>();
  const store = await deps.store({
    compose: composeEntry,
    seal: (previous, seq, entry) => seal(key, previous, seq, entry),
    genesis: GENESIS,
    written(entry) {
      anchors.note(entry);
      for (const listener of listeners) listener(entry);
    },
  });
  return {
    async record(draft, outcome) {
      const ok = outcome.decision === 'allow' && outcome.status < 400;
      // The change is written with its row; a failure after it is a second row.
      if (draft.written && ok) return;
      await auditScope.exit(() => store.append(composeEntry(draft, outcome)));
      draft.written = true;
    },
    async query(filter, options) {
      const { rows, total } = await store.page(filter, { ...options, limit: options.limit + 1 });
      const page = rows.slice(0, options.limit);
      return { rows: page, total, next: rows.length > page.length ? (page.at(-1)?.seq ?? null) : null };
    },
    export: (format, filter) => exportRows(store, format, filter),
    verify: async () => verifyChain(key, scanAll(store), await anchors.read()),
    onRow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => anchors.close(),
  };
}

async function* scanAll(store: AuditStore): AsyncGenerator<AuditEntry> {
  for (let after = 0; ; ) {
    const rows = await store.scan(after, 500);
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.seq;
  }
}

/** 32 random bytes, made once, 0600. A key that is there but unreadable is an error: a new one would hide tampering. */
async function loadKey(directory: string): Promise<Buffer> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const file = join(directory, 'audit.key');
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(randomBytes(32));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = await readFile(file);
  if (key.length !== 32)
    throw new EngineError(
      'internal',
      `${file} is damaged: restore it from a backup, the audit cannot be checked without it`,
    );
  return key;
}

function createAnchors(options: { file: string; key: Buffer; onError: (error: unknown) => void }) {
  let head: AuditEntry | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = (): Promise<void> => {
    timer = undefined;
    const entry = head;
    head = undefined;
    if (!entry) return writing;
    const anchor = makeAnchor(options.key, entry.seq, entry.hash, new Date().toISOString());
    writing = writing
      .then(() => appendFile(options.file, `${JSON.stringify(anchor)}\n`, { mode: 0o600 }))
      .catch(options.onError);
    return writing;
  };
  return {
    note(entry: AuditEntry): void {
      head = entry;
      timer ??= setTimeout(() => void write(), ANCHOR_AFTER_MS).unref();
    },
    async read(): Promise<Anchor[]> {
      await writing;
      const text = await readFile(options.file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '';
        throw error;
      });
      // A crash may have left half a line at the end; a damaged line elsewhere has no genuine MAC.
      return text.split('\n').flatMap((line) => parseAnchor(line));
    },
    async close(): Promise<void> {
      clearTimeout(timer);
      await write();
    },
  };
}

function parseAnchor(line: string): Anchor[] {
  try {
    const value = JSON.parse(line) as Anchor;
    return typeof value?.seq === 'number' ? [value] : [];
  } catch {
    return [];
  }
}
