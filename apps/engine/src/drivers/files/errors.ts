import { EngineError } from '#core/errors.ts';
import { errnoText } from '#os/libc.ts';
import { FilesError } from './threads.ts';

const MISSING = new Set(['ENOENT', 'ENOTDIR']);

/** A failure of the thread in words for people; the kernel's for what is theirs to solve. */
export function asEngineError(error: unknown): unknown {
  if (!(error instanceof FilesError)) return error;
  const { cause, code, message } = error.failure;
  if (cause === 'archive') return new EngineError('invalid_argument', message);
  if (cause === 'readonly') return new EngineError('forbidden', message);
  if (cause === 'cancelled') return new EngineError('cancelled', 'copying was cancelled');
  if (cause === 'gone') return new EngineError('conflict', 'the container has just ended', { details: { gone: true } });
  if (cause === 'path' && MISSING.has(code)) {
    return new EngineError('not_found', 'no such file or directory', { details: { missing: true } });
  }
  if (cause === 'path') return new EngineError('invalid_argument', errnoText(code));
  if (code === 'ENOSPC' || code === 'EDQUOT') return new EngineError('internal', 'no space left on device');
  return new EngineError('internal', `cannot copy${code ? `: ${errnoText(code)}` : ''}`, { cause: error });
}
