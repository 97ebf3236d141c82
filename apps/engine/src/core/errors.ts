/**
 * The closed list of things that can go wrong. A code is given where the fact
 * is known; api/http maps it to an HTTP status in one place.
 */
export type ErrorCode =
  | 'invalid_argument' // 400
  | 'unauthenticated' // 401
  | 'forbidden' // 403
  | 'not_found' // 404
  | 'conflict' // 409
  | 'not_modified' // 304: the state asked for is the state there is
  | 'too_large' // 413
  | 'unsupported_media' // 415
  | 'rate_limited' // 429
  | 'not_implemented' // 501
  | 'unavailable' // 503: a needed program, kernel feature or remote is missing
  | 'cancelled' // 499: the client went away
  | 'internal'; // 500

/**
 * The only error that may reach a client with its text. `message` is written
 * for the person who made the request and reads like Docker's where clients
 * match on it; `cause` is for the log and never leaves the process.
 */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, { cause: options.cause });
    this.name = 'EngineError';
    this.code = code;
    this.details = options.details;
  }
}

export function isEngineError(error: unknown, code?: ErrorCode): error is EngineError {
  return error instanceof EngineError && (code === undefined || error.code === code);
}
