import { asEngineError } from './errors.ts';
import type { FilesTask } from './tasks.ts';
import type { RunningTask, Threads } from './threads.ts';

/** Small pieces are gathered while the thread is busy: a message costs more than a copy. */
const BLOCK = 512 * 1024;
/** Blocks on the way. */
const WINDOW = 4;

/**
 * Runs a task that is fed from a source. A failure of the task is told at once, also while the source gives nothing;
 * what the source still has is then left to the caller.
 */
export async function feed(
  threads: Threads,
  task: FilesTask,
  source: AsyncIterable<Uint8Array>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  const state = { underway: 0, isOver: false };
  let parts: Uint8Array[] = [];
  let size = 0;
  let onChange = () => {};
  const flush = () => {
    if (size === 0) return;
    const block = Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (const part of parts) {
      block.set(part, at);
      at += part.length;
    }
    parts = [];
    size = 0;
    state.underway += 1;
    fed.running.input(block);
  };
  const fed = start(
    threads,
    task,
    () => {
      if (state.underway === 0 && !state.isOver) flush();
      onChange();
    },
    state,
  );
  /** Resolves with the promise, or with undefined when the task is over. */
  const orOver = <T>(promise: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      onChange = () => {
        if (state.isOver) resolve(undefined);
      };
      promise.then(resolve, reject);
      onChange();
    });
  const hasRoom = () =>
    new Promise<void>((resolve) => {
      onChange = () => {
        if (state.isOver || state.underway < WINDOW) resolve();
      };
      onChange();
    });
  const onAbort = () => fed.running.cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const iterator = source[Symbol.asyncIterator]();
    for (;;) {
      const next = await orOver(iterator.next());
      if (!next || next.done) break;
      parts.push(next.value);
      size += next.value.length;
      if (state.underway > 0 && size < BLOCK) continue;
      flush();
      await hasRoom();
    }
    if (!state.isOver) {
      flush();
      fed.running.input(null);
    }
  } catch (error) {
    fed.running.cancel();
    await fed.finished.catch(() => undefined);
    throw asEngineError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  await fed.finished;
}

function start(
  threads: Threads,
  task: FilesTask,
  changed: () => void,
  state: { underway: number; isOver: boolean },
): { running: RunningTask; finished: Promise<void> } {
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  const over = (settle: () => void) => {
    state.isOver = true;
    settle();
    changed();
  };
  const running = threads.start(task, {
    on(message) {
      if (message.kind === 'done') over(resolve);
      else if (message.kind === 'used') {
        state.underway -= 1;
        changed();
      }
    },
    failed: (error) => over(() => reject(asEngineError(error))),
  });
  // Told by whoever waits for it in the end.
  finished.catch(() => undefined);
  return { running, finished };
}
