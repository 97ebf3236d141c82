import type { AuditEntry, AuditOutcome, UnsealedEntry } from './entry.ts';
import type { AuditDraft } from './scope.ts';

export type AuditFilter = {
  /** Id or name of who did it. */
  actor?: string;
  /** `container.start`, or `container.` for everything done to containers. */
  action?: string;
  /** Id, beginning of an id, or name of the object. */
  object?: string;
  result?: 'ok' | 'error' | 'deny';
  /** RFC 3339, inclusive. */
  since?: string;
  until?: string;
  /** Words anywhere in the row. */
  q?: string;
};

/**
 * Where the rows are. The store keeps the tail of the chain: it gives each
 * row its number and asks `seal` for its hash while it holds the writer's
 * turn, in the transaction of the change when there is one. Rows are never
 * changed or removed, and the store refuses to.
 */
export interface AuditStore {
  /** A row that belongs to no change: a denial, a failure, a sign-in. Durable when it resolves. */
  append(entry: UnsealedEntry): Promise<AuditEntry>;
  /** Newest first, rows with seq below `before`. `total` counts all that match the filter. */
  page(
    filter: AuditFilter,
    options: { before?: number; limit: number },
  ): Promise<{ rows: AuditEntry[]; total: number }>;
  /** Oldest first, rows with seq above `after`. */
  scan(after: number, limit: number): Promise<AuditEntry[]>;
  last(): Promise<AuditEntry | null>;
}

/** What the store is given by core: how a row is made of a request, and how it is hashed. */
export type AuditSealer = {
  compose(draft: AuditDraft, outcome: AuditOutcome): UnsealedEntry;
  seal(previous: string, seq: number, entry: UnsealedEntry): string;
  genesis: string;
  /** Told of every row once it is durable. */
  written(entry: AuditEntry): void;
};
