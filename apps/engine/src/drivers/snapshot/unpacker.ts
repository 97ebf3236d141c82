import { Worker } from 'node:worker_threads';
import { EngineError } from '#core/errors.ts';
import type { UnpackJob, UnpackReply } from './unpack-worker.ts';

/** Threads that unpack at the same time. */
const THREADS = 2;
/** A thread that has had nothing to do for this long is let go with its memory. */
const IDLE_MS = 5_000;

type Options = { signal?: AbortSignal; progress?: (bytes: number) => void };
export type Unpacked = { diffId: string; size: number };
export type Unpacker = {
  /**
   * Errors: `invalid_argument` (the archive), `internal` (disk), `cancelled`. What was written so far stays: the caller removes the
   * target.
   */
  unpack(job: UnpackJob, options?: Options): Promise<Unpacked>;
  close(): Promise<void>;
};

type Thread = { worker: Worker; idle?: NodeJS.Timeout };

function asError(reply: Extract<UnpackReply, { kind: 'failed' }>): EngineError {
  if (reply.hostile) return new EngineError('invalid_argument', reply.message);
  if (reply.code === 'ENOSPC' || reply.code === 'EDQUOT') return new EngineError('internal', 'no space left on device');
  return new EngineError('internal', `cannot unpack the layer${reply.code ? `: ${reply.code}` : ''}`, {
    cause: new Error(reply.message),
  });
}

export function createUnpacker(): Unpacker {
  const free: Thread[] = [];
  const all = new Set<Thread>();
  const waiting: (() => void)[] = [];
  let running = 0;

  const take = (): Thread => {
    const thread = free.pop() ?? { worker: new Worker(new URL('./unpack-worker.ts', import.meta.url)) };
    clearTimeout(thread.idle);
    all.add(thread);
    return thread;
  };
  const drop = async (thread: Thread): Promise<void> => {
    all.delete(thread);
    clearTimeout(thread.idle);
    const index = free.indexOf(thread);
    if (index >= 0) free.splice(index, 1);
    await thread.worker.terminate();
  };
  const giveBack = (thread: Thread): void => {
    thread.worker.unref();
    thread.idle = setTimeout(() => void drop(thread), IDLE_MS).unref();
    free.push(thread);
  };

  const runOn = (thread: Thread, job: UnpackJob, options: Options): Promise<UnpackReply> =>
    new Promise((resolve, reject) => {
      const { worker } = thread;
      const onAbort = () => finish(() => reject(new EngineError('cancelled', 'unpacking was cancelled')));
      const onMessage = (reply: UnpackReply) => {
        if (reply.kind === 'progress') options.progress?.(reply.bytes);
        else finish(() => resolve(reply));
      };
      const onExit = () => finish(() => reject(new EngineError('internal', 'unpacking ended unexpectedly')));
      const onError = (error: unknown) =>
        finish(() => reject(new EngineError('internal', 'unpacking failed', { cause: error })));
      const finish = (settle: () => void) => {
        worker.off('message', onMessage).off('exit', onExit).off('error', onError);
        options.signal?.removeEventListener('abort', onAbort);
        settle();
      };
      worker.on('message', onMessage).on('exit', onExit).on('error', onError);
      options.signal?.addEventListener('abort', onAbort, { once: true });
      if (options.signal?.aborted) return onAbort();
      worker.ref();
      worker.postMessage(job);
    });

  return {
    async unpack(job, options = {}) {
      if (running >= THREADS) await new Promise<void>((resolve) => waiting.push(resolve));
      running += 1;
      try {
        const thread = take();
        let reply: UnpackReply;
        try {
          reply = await runOn(thread, job, options);
        } catch (error) {
          // Cancelled or crashed: the thread may be in the middle of something. It is gone before the target is removed.
          await drop(thread);
          throw error;
        }
        giveBack(thread);
        if (reply.kind === 'failed') throw asError(reply);
        if (reply.kind !== 'done') throw new EngineError('internal', 'unpacking gave no result');
        return { diffId: reply.diffId, size: reply.size };
      } finally {
        running -= 1;
        waiting.shift()?.();
      }
    },
    async close() {
      await Promise.all([...all].map(drop));
    },
  };
}
