import { asEngineError } from './errors.ts';
import type { Block, FilesTask } from './tasks.ts';
import type { RunningTask, Threads } from './threads.ts';

/** Small pieces are gathered while the thread is busy: a message costs more than a copy. */
const BLOCK_SIZE = 512 * 1024;
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
  const free: Block[] = [];
  let block: Block | undefined;
  let size = 0;
  let onChange = () => {};
  const flush = () => {
    if (!block) return;
    fed.running.input(block, size);
    block = undefined;
    size = 0;
    state.underway += 1;
  };
  const fed = start(threads, task, state, (used) => {
    if (used) free.push(used);
    if (state.underway === 0 && !state.isOver) flush();
    onChange();
  });
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
      for (let at = 0; at < next.value.length && !state.isOver; ) {
        block ??= free.pop() ?? new Uint8Array(BLOCK_SIZE);
        const part = next.value.subarray(at, at + BLOCK_SIZE - size);
        block.set(part, size);
        size += part.length;
        at += part.length;
        if (state.underway > 0 && size < BLOCK_SIZE) continue;
        flush();
        await hasRoom();
      }
    }
    if (!state.isOver) {
      flush();
      fed.running.input(null, 0);
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
  state: { underway: number; isOver: boolean },
  changed: (used?: Block) => void,
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
        changed(message.block);
      }
    },
    failed: (error) => over(() => reject(asEngineError(error))),
  });
  // Told by whoever waits for it in the end.
  finished.catch(() => undefined);
  return { running, finished };
}
