import type { AuditEntry, UnsealedEntry } from '#core/audit/entry.ts';
import type { AuditFilter, AuditSealer, AuditStore } from '#core/audit/ports.ts';
import type { AuditDraft } from '#core/audit/scope.ts';
import type { Database } from './database.ts';
import type { Prisma } from './generated/client.ts';

/**
 * The audit's rows. The tail of the chain (number and hash of the last row) is
 * held here; it moves only inside the writer's turn, after the commit.
 */
export async function createAuditStore(deps: {
  database: Database;
  sealer: AuditSealer;
  /** The draft of the request in whose asynchronous context this runs. */
  currentDraft: () => AuditDraft | undefined;
}): Promise<AuditStore> {
  const { database, sealer } = deps;
  const table = database.prisma.auditRow;
  const last = async () => (await table.findFirst({ orderBy: { seq: 'desc' } })) as AuditEntry | null;
  const newest = await last();
  let tail = { seq: newest?.seq ?? 0, hash: newest?.hash ?? sealer.genesis };

  const next = (entry: UnsealedEntry): AuditEntry => {
    const seq = tail.seq + 1;
    return { ...entry, seq, hash: sealer.seal(tail.hash, seq, entry) };
  };
  const committed = (row: AuditEntry) => {
    tail = { seq: row.seq, hash: row.hash };
    sealer.written(row);
  };

  database.setAuditWriter({
    prepare() {
      const draft = deps.currentDraft();
      if (!draft || draft.written) return null;
      // Status of an act that is being done: a failure after this transaction is a row of its own.
      const row = next(sealer.compose(draft, { decision: 'allow', status: 200, error: null }));
      return {
        operation: table.create({ data: row }),
        committed() {
          draft.written = true;
          committed(row);
        },
      };
    },
  });

  return {
    append: (entry) =>
      database.exclusive(async () => {
        const row = next(entry);
        await table.create({ data: row });
        committed(row);
        return row;
      }),
    async page(filter, { before, limit }) {
      const where = whereOf(filter);
      const below: Prisma.AuditRowWhereInput = before === undefined ? where : { AND: [where, { seq: { lt: before } }] };
      const rows = await table.findMany({ where: below, orderBy: { seq: 'desc' }, take: limit });
      return { rows: rows as AuditEntry[], total: await table.count({ where }) };
    },
    scan: async (after, limit) =>
      (await table.findMany({ where: { seq: { gt: after } }, orderBy: { seq: 'asc' }, take: limit })) as AuditEntry[],
    last,
  };
}

function whereOf(filter: AuditFilter): Prisma.AuditRowWhereInput {
  const all: Prisma.AuditRowWhereInput[] = [];
  const { actor, action, object, result, since, until, q } = filter;
  if (actor) all.push({ OR: [{ actorId: actor }, { actorName: actor }, { actorKind: actor }] });
  if (action) all.push({ action: action.endsWith('.') ? { startsWith: action } : action });
  if (object) all.push({ OR: [{ objectId: { startsWith: object } }, { objectName: object }] });
  if (result === 'deny') all.push({ decision: 'deny' });
  else if (result) all.push({ result });
  if (since) all.push({ at: { gte: since } });
  if (until) all.push({ at: { lte: until } });
  for (const word of (q ?? '').split(/\s+/).filter(Boolean).slice(0, 8)) {
    const contains = { contains: word };
    all.push({
      OR: [
        { actorName: contains },
        { action: contains },
        { objectName: contains },
        { objectId: contains },
        { origin: contains },
        { error: contains },
        { route: contains },
        { detail: contains },
      ],
    });
  }
  return all.length === 0 ? {} : { AND: all };
}
