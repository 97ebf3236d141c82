import { Readable } from 'node:stream';
import { z } from 'zod';
import { type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import { AuditPage, AuditQuery, type AuditRow } from '#contract/rest.ts';
import type { Audit } from '#core/audit/audit.ts';
import type { AuditEntry } from '#core/audit/entry.ts';
import type { AuditFilter } from '#core/audit/ports.ts';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';

const ExportQuery = AuditQuery.omit({ cursor: true, limit: true }).extend({
  format: z.enum(['jsonl', 'csv']).default('jsonl'),
});

export function auditRoutes({ audit }: { audit: Audit }): RestRoute[] {
  return [
    restRoute({
      method: 'GET',
      path: '/api/v1/audit',
      permission: 'audit:read',
      tag: 'Audit',
      summary: 'What was done, newest first. `next` is the cursor of the following page.',
      query: AuditQuery,
      response: AuditPage,
      handler: async ({ query }) => {
        const page = await audit.query(filterOf(query), { before: query.cursor, limit: query.limit });
        return { body: { rows: page.rows.map(toRow), next: page.next, total: page.total } satisfies AuditPage };
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/audit/export',
      permission: 'audit:read',
      audit: 'audit.export',
      tag: 'Audit',
      summary: 'Everything that matches, as JSON Lines or CSV.',
      query: ExportQuery,
      contentType: 'application/octet-stream',
      handler: async ({ query }) => {
        const { format } = query;
        auditScope.detail({ format });
        const name = `gantry-audit-${new Date().toISOString().slice(0, 10)}.${format}`;
        return {
          stream: Readable.from(audit.export(format, filterOf(query))),
          headers: {
            'Content-Disposition': `attachment; filename="${name}"`,
            'Content-Type': 'application/octet-stream',
          },
        };
      },
    }),
    restRoute({
      method: 'GET',
      path: '/api/v1/audit/verify',
      permission: 'audit:read',
      tag: 'Audit',
      summary: 'Walks the chain of the audit and says whether every row is as it was written.',
      response: z.object({ ok: z.boolean(), rows: z.number().int().optional(), message: z.string().optional() }),
      handler: async () => ({ body: await audit.verify() }),
    }),
  ];
}

function filterOf(query: Omit<z.output<typeof AuditQuery>, 'cursor' | 'limit'>): AuditFilter {
  const { actor, action, object, result, q } = query;
  return {
    actor,
    action,
    object,
    result,
    q,
    since: instant(query.since, 'since'),
    until: instant(query.until, 'until'),
  };
}

/** Rows carry UTC with milliseconds; the same form compares as text. */
function instant(text: string | undefined, name: string): string | undefined {
  if (text === undefined || text === '') return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new EngineError('invalid_argument', `${name} is not a time like 2026-01-31T12:00:00Z`);
  return date.toISOString();
}

export const toRow = (entry: AuditEntry): AuditRow => ({
  seq: entry.seq,
  at: entry.at,
  host: entry.host,
  actor: { kind: entry.actorKind as AuditRow['actor']['kind'], id: entry.actorId, name: entry.actorName },
  from: entry.origin,
  action: entry.action,
  object: entry.objectType === '' ? null : { type: entry.objectType, id: entry.objectId, name: entry.objectName },
  decision: entry.decision,
  result: entry.result,
  status: entry.status,
  error: entry.error === '' ? null : entry.error,
  method: entry.method,
  route: entry.route,
  durationMs: entry.durationMs,
  detail: JSON.parse(entry.detail),
  hash: entry.hash,
});
