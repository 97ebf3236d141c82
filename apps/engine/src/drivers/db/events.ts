import type { EngineEvent, EventStore } from '#core/events/events.ts';
import type { Database } from './database.ts';

/** Events kept at most; the oldest go first. */
const RETAINED = 100_000;
/** Events wait this long for company, so that a burst is one transaction. */
const BATCH_MS = 50;

const sortable = (nano: bigint): string => nano.toString().padStart(20, '0');

/**
 * Events since install, batched: a publisher never waits for the disk. At most
 * the last 50 ms are lost with a killed engine; what is (containers, images) is
 * in its own rows. A failed batch is reported and tried again with the next.
 */
export function createEventStore(
  database: Database,
  onError: (error: unknown) => void,
): EventStore & { flush(): Promise<void> } {
  const { prisma } = database;
  let pending: EngineEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let sinceTrim = 0;

  const row = (event: EngineEvent) => ({
    timeNano: sortable(event.timeNano),
    type: event.type,
    action: event.action,
    actorId: event.actor.id,
    doc: JSON.stringify(event.actor.attributes),
  });
  const trim = async (): Promise<void> => {
    const newest = await prisma.event.findFirst({ orderBy: { id: 'desc' }, select: { id: true } });
    if (newest && newest.id > RETAINED) {
      await database.exclusive(() => prisma.event.deleteMany({ where: { id: { lte: newest.id - RETAINED } } }));
    }
  };
  const write = async (): Promise<void> => {
    const batch = pending;
    pending = [];
    if (batch.length === 0) return;
    try {
      await database.exclusive(() => prisma.event.createMany({ data: batch.map(row) }));
      sinceTrim += batch.length;
      if (sinceTrim > 1000) {
        sinceTrim = 0;
        await trim();
      }
    } catch (error) {
      // Bounded: a database that stays broken must not fill the memory.
      pending = [...batch, ...pending].slice(-10_000);
      onError(error);
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  };
  return {
    append(event) {
      pending.push(event);
      timer ??= setTimeout(() => void flush(), BATCH_MS);
    },
    async range(since, until) {
      await flush();
      const rows = await prisma.event.findMany({
        where: { timeNano: { gte: sortable(since), lte: sortable(until) } },
        orderBy: { timeNano: 'asc' },
      });
      return rows.map((r) => ({
        type: r.type as EngineEvent['type'],
        action: r.action,
        actor: { id: r.actorId, attributes: JSON.parse(r.doc) as Record<string, string> },
        timeNano: BigInt(r.timeNano),
      }));
    },
    flush,
  };
}
