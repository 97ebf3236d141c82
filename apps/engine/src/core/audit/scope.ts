import { AsyncLocalStorage } from 'node:async_hooks';

/** Who does something, as every layer below the door knows them. */
export type Actor = {
  readonly kind: 'user' | 'token' | 'socket' | 'engine' | 'anonymous';
  /** User id; `socket` for the local unix socket, `engine` for the engine's own work. */
  readonly id: string;
  /** Name for people: user name, or `local socket (uid 0, pid 123)` when known. */
  readonly name: string;
  /** Where from: IP address, `unix`, `memory`. */
  readonly from: string;
};

/** What one request will say in the audit. Filled in as facts become known. */
export type AuditDraft = {
  /** Anonymous until a sign-in has found out who it is. */
  actor: Actor;
  /** What is done, as `noun.verb`: `container.start`, `image.pull`, `session.create`. */
  readonly action: string;
  readonly host: string;
  readonly method: string;
  readonly route: string;
  /** The object acted on: resolved id and name, set by core when it has resolved it. */
  object: { type: string; id: string; name: string } | null;
  /** Facts worth keeping, already redacted: image, command, exit code. */
  detail: Record<string, unknown>;
  /** performance.now() at the start of the request, for the duration. */
  readonly startedAt: number;
  /** Set by the database driver once a row for this request is in a transaction. */
  written: boolean;
};

const storage = new AsyncLocalStorage<AuditDraft>();

/**
 * The audit row of a change is written in the transaction of that change, yet
 * no verb of the domain should have to carry it: the request's draft travels
 * with the asynchronous context, and the database driver picks it up in the
 * first writing transaction made inside it.
 */
export const auditScope = {
  run<T>(draft: AuditDraft, work: () => T): T {
    return storage.run(draft, work);
  },
  /** Leaves the scope: background work started by a request is not that request. */
  exit<T>(work: () => T): T {
    return storage.exit(work);
  },
  current(): AuditDraft | undefined {
    return storage.getStore();
  },
  actor(actor: Actor): void {
    const draft = storage.getStore();
    if (draft) draft.actor = actor;
  },
  object(type: string, id: string, name: string): void {
    const draft = storage.getStore();
    if (draft) draft.object = { type, id, name };
  },
  detail(facts: Record<string, unknown>): void {
    const draft = storage.getStore();
    if (draft) Object.assign(draft.detail, facts);
  },
};
