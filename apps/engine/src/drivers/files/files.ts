import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ContainerFiles, PathChange, PathStat } from '#core/containers/archive-ports.ts';
import { EngineError } from '#core/errors.ts';
import { errnoText } from '#os/libc.ts';
import { type FilesTask, INPUT_WINDOW } from './tasks.ts';
import { createThreads, FilesError, type RunningTask, type Threads } from './threads.ts';

export type Files = ContainerFiles & { close(): Promise<void> };

/** Bytes of a stream held here before its consumer takes them. */
const BUFFERED = 1024 * 1024;

const MISSING = new Set(['ENOENT', 'ENOTDIR']);

/** Words for people; the kernel's for what is theirs to solve. */
function asEngineError(error: unknown): unknown {
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

/** Runs a task that only answers. */
function answer<T>(threads: Threads, task: FilesTask): Promise<T> {
  return new Promise((resolve, reject) => {
    threads.start(task, {
      on: (message) => {
        if (message.kind === 'done') resolve(message.value as T);
      },
      failed: (error) => reject(asEngineError(error)),
    });
  });
}

/** Runs a task that gives a stream, once what it reads is held. */
function stream<T>(
  threads: Threads,
  task: FilesTask,
  { signal }: { signal: AbortSignal },
): Promise<{ value: T; body: Readable }> {
  return new Promise((resolve, reject) => {
    let running: RunningTask | undefined;
    let isOver = false;
    /** Blocks that were pushed while nobody asked: their credit is given when somebody does. */
    let owed = 0;
    const body = new Readable({
      highWaterMark: BUFFERED,
      read() {
        for (; owed > 0; owed -= 1) running?.credit();
      },
      destroy(error, done) {
        if (!isOver) running?.cancel();
        signal.removeEventListener('abort', onAbort);
        done(error);
      },
    });
    const onAbort = () => body.destroy(new EngineError('cancelled', 'the client went away'));
    const fail = (error: Error) => {
      isOver = true;
      const told = asEngineError(error) as Error;
      reject(told);
      body.destroy(told);
    };
    // A failure before anybody holds the stream is told by the promise.
    body.on('error', () => undefined);
    if (signal.aborted) return reject(new EngineError('cancelled', 'the client went away'));
    running = threads.start(task, {
      on(message) {
        if (message.kind === 'ready') resolve({ value: message.value as T, body });
        else if (message.kind === 'done') {
          isOver = true;
          body.push(null);
        } else if (message.kind === 'block') {
          const { buffer, byteOffset, byteLength } = message.data;
          if (body.push(Buffer.from(buffer, byteOffset, byteLength))) running?.credit();
          else owed += 1;
        }
      },
      failed: fail,
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Runs a task that is fed. What the source still gives when the task has failed is left to the caller. */
async function feed(
  threads: Threads,
  task: FilesTask,
  source: AsyncIterable<Uint8Array>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  let underway = 0;
  let wake: (() => void) | undefined;
  let isOver = false;
  let running: RunningTask;
  const finished = new Promise<void>((resolve, reject) => {
    const over = () => {
      isOver = true;
      wake?.();
    };
    running = threads.start(task, {
      on(message) {
        if (message.kind === 'used') {
          underway -= 1;
          wake?.();
        } else if (message.kind === 'done') {
          over();
          resolve();
        }
      },
      failed(error) {
        over();
        reject(asEngineError(error));
      },
    });
  });
  finished.catch(() => undefined);
  const onAbort = () => running.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const iterator = source[Symbol.asyncIterator]();
    while (!isOver) {
      // A failure is told at once, also while the client sends nothing.
      const step = iterator.next();
      step.catch(() => undefined);
      const next = await Promise.race([step, finished.then(() => undefined)]);
      if (!next) break;
      running!.input(next.done ? null : next.value);
      if (next.done) break;
      underway += 1;
      while (underway >= INPUT_WINDOW && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } catch (error) {
    running!.cancel();
    await finished.catch(() => undefined);
    throw asEngineError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  await finished;
}

/** Containers' files, over threads that may block. */
export async function createFiles(deps: { runDir: string }): Promise<Files> {
  const scratch = join(deps.runDir, 'view');
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const threads = createThreads(scratch);
  return {
    stat: (root, path) => answer<PathStat>(threads, { kind: 'stat', root, path }),
    async read(root, path, options) {
      const { value, body } = await stream<PathStat>(threads, { kind: 'read', root, path }, options);
      return { stat: value, body };
    },
    write: (root, path, archive, { signal, ...options }) =>
      feed(threads, { kind: 'write', root, path, options }, archive, { signal }),
    export: async (root, options) => (await stream(threads, { kind: 'export', root }, options)).body,
    changes: (layer) => answer<PathChange[]>(threads, { kind: 'changes', layer }),
    layer: async (layer, options) => (await stream(threads, { kind: 'layer', layer }, options)).body,
    close: threads.close,
  };
}
