import type { AuditEntry } from './entry.ts';
import type { AuditFilter, AuditStore } from './ports.ts';

const COLUMNS = [
  'seq',
  'at',
  'host',
  'actorKind',
  'actorId',
  'actorName',
  'origin',
  'action',
  'objectType',
  'objectId',
  'objectName',
  'decision',
  'result',
  'status',
  'error',
  'method',
  'route',
  'durationMs',
  'detail',
  'hash',
] as const satisfies readonly (keyof AuditEntry)[];

const PAGE = 500;

/** Newest first, page by page: the reader's pace sets ours. */
export async function* exportRows(
  store: AuditStore,
  format: 'jsonl' | 'csv',
  filter: AuditFilter,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
  const line = format === 'csv' ? csvLine : jsonLine;
  for (let before: number | undefined; ; ) {
    const { rows } = await store.page(filter, { before, limit: PAGE });
    if (rows.length === 0) return;
    yield rows.map(line).join('');
    before = rows.at(-1)?.seq;
  }
}

const jsonLine = (entry: AuditEntry) => `${JSON.stringify({ ...entry, detail: JSON.parse(entry.detail) })}\n`;

const csvLine = (entry: AuditEntry) => `${COLUMNS.map((column) => csvCell(entry[column])).join(',')}\r\n`;

/**
 * RFC 4180, every text quoted. A spreadsheet takes a cell that begins with
 * = + - @ (also after a tab or a return) for a formula; an apostrophe makes
 * it text.
 */
export function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^\s*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
