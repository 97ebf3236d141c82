import { Worker } from 'node:worker_threads';
import { EngineError } from '#core/errors.ts';
import type { Block, FilesFailure, FilesTask, FromThread, ToThread } from './tasks.ts';

/** Threads at most. Tasks share them: one that waits for its client takes no turn. */
const THREADS = 3;
/** A thread that has had nothing to do for this long is let go with its memory. */
const IDLE_MS = 5_000;

export class FilesError extends Error {
  readonly failure: FilesFailure;
  constructor(failure: FilesFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

export type TaskListener = {
  on(message: Exclude<FromThread, { kind: 'failed' }>): void;
  failed(error: Error): void;
};
export type RunningTask = {
  credit(): void;
  /** Hands a block over until it comes back as used; null is the end. */
  input(block: Block | null, size: number): void;
  cancel(): void;
};

type Thread = { worker: Worker; tasks: Map<number, TaskListener>; idle?: NodeJS.Timeout };

/** The threads that `worker.ts` runs in, and the messages to and from them. */
export function createThreads(scratch: string) {
  const threads = new Set<Thread>();
  let next = 1;

  const post = (thread: Thread, message: ToThread, transfer: ArrayBuffer[] = []): void =>
    thread.worker.postMessage(message, transfer);

  const ended = (thread: Thread, error: Error): void => {
    threads.delete(thread);
    clearTimeout(thread.idle);
    for (const listener of thread.tasks.values()) listener.failed(error);
    thread.tasks.clear();
  };

  const settle = (thread: Thread, id: number): void => {
    thread.tasks.delete(id);
    if (thread.tasks.size > 0) return;
    thread.worker.unref();
    thread.idle = setTimeout(() => {
      threads.delete(thread);
      void thread.worker.terminate();
    }, IDLE_MS).unref();
  };

  const open = (): Thread => {
    // What openat2(2) opens is closed by the tasks themselves; Node does not know of it.
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { trackUnmanagedFds: false });
    const thread: Thread = { worker, tasks: new Map() };
    threads.add(thread);
    thread.worker.on('message', (message: FromThread) => {
      const listener = thread.tasks.get(message.id);
      if (!listener) return;
      if (message.kind === 'done' || message.kind === 'failed') settle(thread, message.id);
      if (message.kind === 'failed') listener.failed(new FilesError(message.failure));
      else listener.on(message);
    });
    thread.worker.on('error', (cause) =>
      ended(thread, new EngineError('internal', 'copying failed unexpectedly', { cause })),
    );
    thread.worker.on('exit', () => ended(thread, new EngineError('internal', 'copying ended unexpectedly')));
    return thread;
  };

  const pick = (): Thread => {
    let best: Thread | undefined;
    for (const thread of threads) if (!best || thread.tasks.size < best.tasks.size) best = thread;
    if (!best || (best.tasks.size > 0 && threads.size < THREADS)) best = open();
    clearTimeout(best.idle);
    best.worker.ref();
    return best;
  };

  return {
    start(task: FilesTask, listener: TaskListener): RunningTask {
      const thread = pick();
      const id = next++;
      thread.tasks.set(id, listener);
      post(thread, { kind: 'start', id, task, scratch });
      return {
        credit: () => post(thread, { kind: 'credit', id }),
        input: (block, size) => post(thread, { kind: 'input', id, block, size }, block ? [block.buffer] : []),
        cancel: () => post(thread, { kind: 'cancel', id }),
      };
    },
    async close(): Promise<void> {
      await Promise.all([...threads].map((thread) => thread.worker.terminate()));
    },
  };
}

export type Threads = ReturnType<typeof createThreads>;
