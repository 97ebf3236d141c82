import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '#core/errors.ts';
import { NetworkError } from './http.ts';

const ATTEMPTS = 5;
const FIRST_DELAY_MS = 250;

/** A server that is there but cannot just now. */
export class BusyError extends Error {
  readonly error: EngineError;
  constructor(error: EngineError) {
    super(error.message);
    this.name = 'BusyError';
    this.error = error;
  }
}

/** A refused connection or an unknown name is an answer, not a hiccup. */
const isTransient = (error: unknown): boolean =>
  error instanceof BusyError ||
  (error instanceof NetworkError &&
    !['ECONNREFUSED', 'ENOTFOUND', 'TLS', 'EHOSTUNREACH', 'ENETUNREACH'].includes(error.code));

/** Waits longer after every failure: 0.25, 0.5, 1, 2 seconds. */
export async function backOff(attempt: number, signal?: AbortSignal): Promise<void> {
  await delay(FIRST_DELAY_MS * 2 ** attempt, undefined, { signal }).catch((cause) => {
    throw new EngineError('cancelled', 'the request was cancelled', { cause });
  });
}

export const mayRetry = (error: unknown, attempt: number): boolean => isTransient(error) && attempt + 1 < ATTEMPTS;

export async function withRetries<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!mayRetry(error, attempt)) throw error instanceof BusyError ? error.error : error;
      await backOff(attempt, signal);
    }
  }
}
