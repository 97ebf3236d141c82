import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AuditEntry, UnsealedEntry } from './entry.ts';

/** What the first row is chained to. */
export const GENESIS = '0'.repeat(64);

/** The row as the bytes that are hashed: the values in this order as a JSON array, so that no value can slide into the next. */
function canonical(seq: number, row: UnsealedEntry): string {
  return JSON.stringify([
    seq,
    row.at,
    row.host,
    row.actorKind,
    row.actorId,
    row.actorName,
    row.origin,
    row.action,
    row.objectType,
    row.objectId,
    row.objectName,
    row.decision,
    row.result,
    row.status,
    row.error,
    row.method,
    row.route,
    row.durationMs,
    row.detail,
  ]);
}

/** `h(n) = HMAC-SHA-256(key, h(n-1) ‖ row n)`: whoever changes the table without the key cannot make the chain fit again. */
export function seal(key: Buffer, previous: string, seq: number, row: UnsealedEntry): string {
  return createHmac('sha256', key).update(previous, 'hex').update(canonical(seq, row)).digest('hex');
}

/** A head written outside the database: shows that rows after the last one kept were cut off. */
export type Anchor = { seq: number; hash: string; at: string; mac: string };

export function makeAnchor(key: Buffer, seq: number, hash: string, at: string): Anchor {
  return { seq, hash, at, mac: anchorMac(key, seq, hash, at) };
}

export function anchorIsGenuine(key: Buffer, anchor: Anchor): boolean {
  const expected = Buffer.from(anchorMac(key, anchor.seq, anchor.hash, anchor.at), 'hex');
  const given = Buffer.from(String(anchor.mac), 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

const anchorMac = (key: Buffer, seq: number, hash: string, at: string) =>
  createHmac('sha256', key)
    .update(JSON.stringify(['anchor', seq, hash, at]))
    .digest('hex');

export type Verdict =
  | { readonly ok: true; readonly rows: number; readonly anchors: number }
  | {
      readonly ok: false;
      readonly kind: 'changed' | 'removed' | 'reordered' | 'truncated' | 'anchor';
      readonly seq: number;
      readonly message: string;
    };

/** Walks the whole chain, oldest row first, then holds it against the anchors. */
export async function verifyChain(
  key: Buffer,
  rows: AsyncIterable<AuditEntry>,
  anchors: readonly Anchor[],
): Promise<Verdict> {
  const wanted = new Map(anchors.map((anchor) => [anchor.seq, anchor]));
  let previous = GENESIS;
  let seq = 0;
  const iterator = rows[Symbol.asyncIterator]();
  for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
    const row = step.value;
    if (row.seq !== seq + 1) {
      return problem('removed', seq + 1, `row ${seq + 1} is missing: after row ${seq} comes row ${row.seq}`);
    }
    seq = row.seq;
    if (seal(key, previous, seq, row) !== row.hash) return explain(key, previous, seq, (await iterator.next()).value);
    const anchor = wanted.get(seq);
    if (anchor && anchor.hash !== row.hash) {
      return problem(
        'truncated',
        seq,
        `row ${seq} is not the one that was anchored on ${anchor.at}: the rows before were cut off and written anew`,
      );
    }
    previous = row.hash;
  }
  for (const anchor of anchors) {
    if (!anchorIsGenuine(key, anchor))
      return problem('anchor', anchor.seq, `the anchor of row ${anchor.seq} was not made with this key`);
    if (anchor.seq > seq) {
      return problem(
        'truncated',
        seq + 1,
        `the last row is ${seq}, but row ${anchor.seq} was anchored on ${anchor.at}: rows were cut off`,
      );
    }
  }
  return { ok: true, rows: seq, anchors: anchors.length };
}

/** When the row after it is the one that belongs here, the two were exchanged; anything else is a change. */
function explain(key: Buffer, previous: string, seq: number, next: AuditEntry | undefined): Verdict {
  if (next && seal(key, previous, seq, next) === next.hash) {
    return problem('reordered', seq, `rows ${seq} and ${next.seq} were exchanged`);
  }
  return problem('changed', seq, `row ${seq} (or its place in the chain) was changed after it was written`);
}

const problem = (kind: Exclude<Verdict, { ok: true }>['kind'], seq: number, message: string): Verdict => ({
  ok: false,
  kind,
  seq,
  message,
});
