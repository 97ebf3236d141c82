import { randomBytes } from 'node:crypto';
import { EngineError, type ErrorCode } from '#core/errors.ts';

/** The one place where an error code becomes an HTTP status. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_argument: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  not_modified: 304,
  too_large: 413,
  unsupported_media: 415,
  rate_limited: 429,
  not_implemented: 501,
  unavailable: 503,
  // nginx's "client closed request"; nobody is left to read it, the audit is.
  cancelled: 499,
  internal: 500,
};

/** What the host is short of is no secret, and the person who made the request may be able to help. */
const HOST_REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOSPC', 'no space left on device'],
  ['EDQUOT', 'disk quota exceeded'],
  ['EROFS', 'read-only file system'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files in system'],
  ['ENOMEM', 'out of memory'],
]);

/** A message is for people; longer than this it is a dump. */
export const MAX_MESSAGE_BYTES = 8 * 1024 - 64;

export type HttpProblem = {
  readonly status: number;
  /** Safe to send: no cause, no control characters, bounded. */
  readonly message: string;
  /** Set when the cause was unexpected: the id under which it is in the log. */
  readonly logId?: string;
};

export const statusOf = (code: ErrorCode): number => STATUS[code];

/**
 * What a client may know of an error. Anything that is not an EngineError is
 * a defect of ours: the client gets `internal error` and an id, the log gets
 * the rest.
 */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof EngineError) return { status: STATUS[error.code], message: cleanMessage(error.message) };
  if (error instanceof Error && error.name === 'AbortError') return { status: 499, message: 'request cancelled' };
  const logId = randomBytes(6).toString('hex');
  const reason = HOST_REASONS.get((error as NodeJS.ErrnoException | null)?.code) ?? 'internal error';
  return { status: 500, message: `${reason} (log id ${logId})`, logId };
}

/** Escapes control characters (C0, DEL, C1, line separators, bidirectional overrides) and cuts to the bound. */
export function cleanMessage(text: string): string {
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (char) =>
      char === '\t' ? '\\t' : char === '\r' ? '\\r' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const bytes = Buffer.from(escaped, 'utf8');
  if (bytes.length <= MAX_MESSAGE_BYTES) return escaped;
  // A cut in the middle of a character leaves U+FFFD at the end; drop it.
  return `${bytes
    .subarray(0, MAX_MESSAGE_BYTES - 3)
    .toString('utf8')
    .replace(/\ufffd+$/, '')}…`;
}
