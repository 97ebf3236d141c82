import { Worker } from 'node:worker_threads';
import { EngineError } from '#core/errors.ts';
import { errnoText } from '#os/libc.ts';
import type { BuildJob, BuildReply } from './worker.ts';

/** The thread of one build; started when there is something to do. */
export type BuildThread = {
  /** Errors: `invalid_argument`, `internal` (disk), `cancelled`; the thread is gone after a cancellation. */
  run(job: BuildJob, options?: { signal?: AbortSignal }): Promise<Extract<BuildReply, { kind: 'done' }>>;
  /** The chunks of a `pack`. */
  stream(job: BuildJob, options: { signal: AbortSignal }): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
};

function asError(reply: Extract<BuildReply, { kind: 'failed' }>): EngineError {
  if (reply.refused) return new EngineError('invalid_argument', reply.message);
  const cause = new Error(reply.message);
  if (reply.code === 'ENOSPC' || reply.code === 'EDQUOT') {
    return new EngineError('internal', 'no space left on device', { cause });
  }
  return new EngineError('internal', `cannot work on the files of the build: ${errnoText(reply.code) || 'failed'}`, {
    cause,
  });
}

export function createBuildThread(): BuildThread {
  let worker: Worker | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const drop = async (): Promise<void> => {
    const gone = worker;
    worker = undefined;
    await gone?.terminate();
  };

  /** Replies until the last one. The caller has its turn. */
  async function* replies(job: BuildJob, signal: AbortSignal | undefined): AsyncGenerator<BuildReply> {
    signal?.throwIfAborted();
    worker ??= new Worker(new URL('./worker.ts', import.meta.url));
    const thread = worker;
    const waiting: (BuildReply | EngineError)[] = [];
    let wake: (() => void) | undefined;
    const push = (item: BuildReply | EngineError) => {
      waiting.push(item);
      wake?.();
    };
    const onError = (cause: unknown) => push(new EngineError('internal', 'a build thread failed', { cause }));
    const onExit = () => push(new EngineError('internal', 'a build thread ended unexpectedly'));
    const onAbort = () => push(new EngineError('cancelled', 'the build was cancelled'));
    thread.on('message', push).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    let isOver = false;
    try {
      thread.postMessage(job);
      while (!isOver) {
        const item = waiting.shift();
        if (item === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        if (item instanceof EngineError) throw item;
        isOver = item.kind !== 'chunk';
        if (!isOver) thread.postMessage('more');
        yield item;
      }
    } finally {
      thread.off('message', push).off('error', onError).off('exit', onExit);
      signal?.removeEventListener('abort', onAbort);
      // In the middle of something: what it would say next belongs to nobody.
      if (!isOver) await drop();
    }
  }

  /** One job at a time. */
  const turn = async (): Promise<() => void> => {
    const before = queue;
    let release: () => void = () => undefined;
    queue = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  };

  return {
    async run(job, { signal } = {}) {
      const release = await turn();
      try {
        for await (const reply of replies(job, signal)) {
          if (reply.kind === 'failed') throw asError(reply);
          if (reply.kind === 'done') return reply;
        }
        throw new EngineError('internal', 'a build thread gave no answer');
      } finally {
        release();
      }
    },
    async *stream(job, { signal }) {
      const release = await turn();
      try {
        for await (const reply of replies(job, signal)) {
          if (reply.kind === 'failed') throw asError(reply);
          if (reply.kind === 'chunk') yield reply.bytes;
        }
      } finally {
        release();
      }
    },
    close: drop,
  };
}
