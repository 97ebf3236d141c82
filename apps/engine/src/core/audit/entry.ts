import { redact, redactText } from './redact.ts';
import type { AuditDraft } from './scope.ts';

/** One row of the audit as it is kept and hashed: flat, every value a string or a number. */
export type AuditEntry = {
  /** 1, 2, 3 …: a gap is a removed row. */
  readonly seq: number;
  /** RFC 3339 in UTC with milliseconds. */
  readonly at: string;
  readonly host: string;
  readonly actorKind: string;
  readonly actorId: string;
  readonly actorName: string;
  /** Where from: address, `unix`, `memory`. */
  readonly origin: string;
  readonly action: string;
  /** Empty strings when the act has no object. */
  readonly objectType: string;
  readonly objectId: string;
  readonly objectName: string;
  readonly decision: 'allow' | 'deny';
  readonly result: 'ok' | 'error';
  readonly status: number;
  /** Empty when it succeeded. */
  readonly error: string;
  readonly method: string;
  readonly route: string;
  readonly durationMs: number;
  /** JSON object. */
  readonly detail: string;
  /** HMAC-SHA-256 over the hash of the row before and this row, hexadecimal. */
  readonly hash: string;
};

export type AuditOutcome = { decision: 'allow' | 'deny'; status: number; error: string | null };

export type UnsealedEntry = Omit<AuditEntry, 'seq' | 'hash'>;

/** What a request's draft and outcome say, redacted, bounded and without control characters. */
export function composeEntry(draft: AuditDraft, outcome: AuditOutcome): UnsealedEntry {
  const { actor, object } = draft;
  return {
    at: new Date().toISOString(),
    host: plain(draft.host),
    actorKind: actor.kind,
    actorId: plain(actor.id),
    actorName: plain(actor.name),
    origin: plain(actor.from),
    action: plain(draft.action),
    objectType: plain(object?.type ?? ''),
    objectId: plain(object?.id ?? ''),
    objectName: plain(redactText(object?.name ?? '')),
    decision: outcome.decision,
    result: outcome.decision === 'allow' && outcome.status < 400 ? 'ok' : 'error',
    status: outcome.status,
    error: outcome.error === null ? '' : plain(redactText(outcome.error), 1024),
    method: plain(draft.method),
    route: plain(draft.route),
    durationMs: Math.round((performance.now() - draft.startedAt) * 1000) / 1000,
    detail: boundedDetail(draft.detail),
  };
}

/** A row is some hundred bytes; a client that sends thousands of facts must not fill the disk with them. */
const MAX_DETAIL = 32 * 1024;

function boundedDetail(detail: Record<string, unknown>): string {
  const text = JSON.stringify(redact(detail));
  return text.length <= MAX_DETAIL
    ? text
    : JSON.stringify({ truncated: true, facts: Object.keys(detail).slice(0, 32) });
}

/** A name a client chose may hold a line feed or a terminal sequence, and would forge a line of a log or a table. */
function plain(text: string, max = 512): string {
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped.length <= max ? escaped : `${escaped.slice(0, max)}…`;
}
