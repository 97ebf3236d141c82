import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ContainerFiles, PathChange, PathStat } from '#core/containers/archive-ports.ts';
import { EngineError } from '#core/errors.ts';
import { asEngineError } from './errors.ts';
import { feed } from './feed.ts';
import type { FilesTask } from './tasks.ts';
import { createThreads, type RunningTask, type Threads } from './threads.ts';

export type Files = ContainerFiles & { close(): Promise<void> };

/** Bytes of a stream held here before its consumer takes them. */
const BUFFERED = 1024 * 1024;

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
    layer: async (layer, { isStill, signal }) =>
      (await stream(threads, { kind: 'layer', layer, isStill }, { signal })).body,
    close: threads.close,
  };
}
