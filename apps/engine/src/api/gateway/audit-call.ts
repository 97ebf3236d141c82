import { pipeline, type Readable, Transform } from 'node:stream';
import { toProblem } from '#api/http/errors.ts';
import type { Audit } from '#core/audit/audit.ts';
import { type Actor, type AuditDraft, auditScope } from '#core/audit/scope.ts';

export const ANONYMOUS = (from: string): Actor => ({ kind: 'anonymous', id: '', name: 'anonymous', from });

export function newDraft(facts: {
  actor: Actor;
  action: string;
  host: string;
  method: string;
  route: string;
  object: AuditDraft['object'];
}): AuditDraft {
  return { ...facts, detail: {}, startedAt: performance.now(), written: false };
}

/**
 * Does the work of an audited request inside its draft. Its row is durable
 * when this resolves or rejects: written with the change, or here. When the
 * row cannot be written the request fails, whatever the work did.
 */
export function audited<T>(
  audit: Audit,
  draft: AuditDraft,
  work: () => Promise<T>,
  options: {
    /** null: not known yet, whoever carries the answer records it. */
    statusOf: (result: T) => number | null;
    first: boolean;
    /** Whether a failure may be written: strangers' failures are limited. */
    failureIsWritten?: () => boolean;
  },
): Promise<T> {
  return auditScope.run(draft, async () => {
    // What takes the connection over is answered from inside the work: its row comes first.
    if (options.first) await audit.record(draft, { decision: 'allow', status: 101, error: null });
    let result: T;
    try {
      result = await work();
    } catch (error) {
      const { status, message } = toProblem(error);
      if (options.failureIsWritten?.() ?? true) {
        await audit.record(draft, { decision: 'allow', status, error: status < 400 ? null : message });
      }
      throw error;
    }
    const status = options.first ? null : options.statusOf(result);
    if (status !== null) await audit.record(draft, { decision: 'allow', status, error: null });
    return result;
  });
}

/** Where a failure after the 200 is told inside the stream (pull, load, build). */
const ERROR_MARK = Buffer.from('"errorDetail"');

/**
 * A long answer whose outcome is known at its end: the row is written before
 * the end is passed on; a client that leaves early is recorded too.
 */
export function auditStream(
  audit: Audit,
  draft: AuditDraft,
  body: Readable,
  onError: (error: unknown) => void,
  contentType: string,
): Readable {
  // Bytes of files say nothing about the outcome.
  const tells = contentType === 'application/json';
  let failed = false;
  let recorded = false;
  const record = (status: number, error: string | null) => {
    recorded = true;
    return audit.record(draft, { decision: 'allow', status, error });
  };
  const through = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (tells) failed ||= Buffer.from(chunk).includes(ERROR_MARK);
      done(null, chunk);
    },
    flush(done) {
      record(failed ? 500 : 200, failed ? 'failed; the reason is in the stream' : null).then(() => done(), done);
    },
  });
  // The error of either side is the other's: whoever reads `through` sees it.
  pipeline(body, through, () => undefined);
  through.once('close', () => {
    if (!recorded) record(499, 'the client went away').catch(onError);
  });
  return through;
}
