import { closeSync, fstatSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { FilesRoot, PathChange, PathStat } from '#core/containers/archive-ports.ts';
import { isEngineError } from '#core/errors.ts';
import { lookUpUser } from '#drivers/runtime/users.ts';
import { readTar, TarError } from '#lib/tar.ts';
import { isOnReadOnlyMount, O_PATH, openBeneath, openHeld } from '#os/beneath.ts';
import { DecompressError, decompress } from '#os/decompress.ts';
import type { OwnRoot } from '#os/own-mounts.ts';
import { packLayer, treeChanges } from '#os/tree-diff.ts';
import { createTreeWriter, ExtractError } from '#os/tree-extract.ts';
import { createPacker, PackError } from '#os/tree-pack.ts';
import { cleanPath, type HeldPath, holdPath } from '#os/tree-stat.ts';
import { openLower, openRoot, ProcessGone } from './roots.ts';
import { type Block, type FilesFailure, type FilesTask, type FromThread, type ToThread, WINDOW } from './tasks.ts';

/**
 * Reads and writes containers' trees in a thread of its own: its calls to the
 * kernel block, and the engine's event loop must not. Tasks take turns between
 * blocks, so that a client that does not read holds nobody up.
 */
type Job = {
  id: number;
  scratch: string;
  credit: number;
  input: { block: Block | null; size: number }[];
  isCancelled: boolean;
  /** Wakes the task that waits for credit or input. */
  wake?: () => void;
};

class PathError extends Error {
  readonly code: string;
  constructor(cause: unknown) {
    super('path', { cause });
    this.code = (cause as NodeJS.ErrnoException).code ?? '';
  }
}
class ReadOnlyError extends Error {}
class Cancelled extends Error {}

const jobs = new Map<number, Job>();
const post = (message: FromThread, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(message, transfer);

async function until(job: Job, isReady: () => boolean): Promise<void> {
  while (!isReady()) {
    if (job.isCancelled) throw new Cancelled();
    await new Promise<void>((resolve) => {
      job.wake = resolve;
    });
  }
  if (job.isCancelled) throw new Cancelled();
}

async function send(job: Job, blocks: Generator<Buffer, void>): Promise<void> {
  try {
    for (const block of blocks) {
      await until(job, () => job.credit > 0);
      job.credit -= 1;
      post({ kind: 'block', id: job.id, data: block }, [block.buffer as ArrayBuffer]);
      // Others have their turn.
      await new Promise(setImmediate);
    }
  } finally {
    blocks.return();
  }
}

async function* received(job: Job): AsyncGenerator<Buffer> {
  for (;;) {
    await until(job, () => job.input.length > 0);
    const { block, size } = job.input.shift()!;
    if (!block) return;
    // A copy in this thread's small heap is cheap; blocks that are used again spare the engine's large one.
    const data = Buffer.from(block.subarray(0, size));
    post({ kind: 'used', id: job.id, block }, [block.buffer]);
    yield data;
  }
}

function hold(root: OwnRoot, path: string): HeldPath {
  try {
    return holdPath(root.root, path);
  } catch (error) {
    throw new PathError(error);
  }
}

const statOf = ({ name, stat, linkTarget }: HeldPath): PathStat => ({
  name,
  size: stat.size,
  mode: stat.mode,
  mtimeMs: stat.mtimeMs,
  linkTarget,
});

async function withRoot<T>(job: Job, root: FilesRoot, work: (root: OwnRoot) => Promise<T> | T): Promise<T> {
  const opened = openRoot(root, job.scratch);
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

const stat = (job: Job, task: Extract<FilesTask, { kind: 'stat' }>): Promise<PathStat> =>
  withRoot(job, task.root, (root) => {
    const held = hold(root, task.path);
    try {
      return statOf(held);
    } finally {
      held.close();
    }
  });

function* packPath(held: HeldPath): Generator<Buffer, void> {
  const packer = createPacker();
  const { name, parent } = held;
  if (held.stat.isDirectory()) {
    const directory = openHeld(held.descriptor);
    try {
      yield* packer.directory(directory, name);
      yield* packer.content(directory, name === '/' ? '/' : `${name}/`);
    } finally {
      closeSync(directory);
    }
  } else if (parent) {
    yield* packer.entry(parent.descriptor, Buffer.from(parent.name, 'latin1'), name);
  }
  yield* packer.finish();
}

const read = (job: Job, task: Extract<FilesTask, { kind: 'read' }>): Promise<void> =>
  withRoot(job, task.root, async (root) => {
    const held = hold(root, task.path);
    try {
      post({ kind: 'ready', id: job.id, value: statOf(held) });
      await send(job, packPath(held));
    } finally {
      held.close();
    }
  });

const exportRoot = (job: Job, task: Extract<FilesTask, { kind: 'export' }>): Promise<void> =>
  withRoot(job, task.root, async ({ root }) => {
    const directory = openHeld(root);
    try {
      post({ kind: 'ready', id: job.id });
      // Only a root without mounts is nobody else's while the container does not run.
      const packer = createPacker({ isStill: task.root.kind === 'mounts' });
      await send(
        job,
        (function* () {
          yield* packer.content(directory, '');
          yield* packer.finish();
        })(),
      );
    } finally {
      closeSync(directory);
    }
  });

/** The directory to unpack into, checked: links are followed to it, it is one, and it takes writes. */
function checkDestination(root: OwnRoot, path: string): void {
  let descriptor: number;
  try {
    descriptor = openBeneath(root.root, path, O_PATH);
  } catch (error) {
    throw new PathError(error);
  }
  try {
    const info = fstatSync(descriptor);
    if (!info.isDirectory()) throw new ExtractError('extraction point is not a directory');
    if (!isOnReadOnlyMount(descriptor)) return;
    const isRootfs = info.dev === fstatSync(root.root).dev;
    throw new ReadOnlyError(isRootfs ? 'container rootfs is marked read-only' : 'mounted volume is marked read-only');
  } finally {
    closeSync(descriptor);
  }
}

const write = (job: Job, task: Extract<FilesTask, { kind: 'write' }>): Promise<void> =>
  withRoot(job, task.root, async (root) => {
    const path = cleanPath(task.path);
    checkDestination(root, path);
    const { keepKinds, owner } = task.options;
    const writer = createTreeWriter({
      root: root.root,
      base: path.replace(/\/\.$/, ''),
      keepKinds,
      ...(owner && { owner: lookUpUser(`/proc/self/fd/${root.root}`, owner, []) }),
    });
    try {
      for await (const item of readTar(decompress(received(job)))) await writer.add(item);
      writer.finish();
    } finally {
      writer.close();
    }
  });

async function layerTask(
  job: Job,
  task: Extract<FilesTask, { kind: 'layer' | 'changes' }>,
): Promise<PathChange[] | undefined> {
  const opened = openLower(task.layer, job.scratch);
  try {
    if (task.kind === 'changes') return treeChanges(task.layer.upper, opened.root);
    post({ kind: 'ready', id: job.id });
    await send(job, packLayer(task.layer.upper, opened.root, task));
  } finally {
    opened.close();
  }
}

async function perform(job: Job, task: FilesTask): Promise<PathStat | PathChange[] | undefined> {
  if (task.kind === 'stat') return stat(job, task);
  if (task.kind === 'layer' || task.kind === 'changes') return layerTask(job, task);
  if (task.kind === 'read') await read(job, task);
  else if (task.kind === 'write') await write(job, task);
  else await exportRoot(job, task);
}

function failureOf(error: unknown): FilesFailure {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const of = (cause: FilesFailure['cause']): FilesFailure => ({ cause, code, message });
  if (error instanceof PathError) return of('path');
  if (error instanceof ProcessGone) return of('gone');
  if (error instanceof Cancelled) return of('cancelled');
  if (error instanceof ReadOnlyError) return of('readonly');
  if (code === 'EROFS') return { cause: 'readonly', code, message: 'mounted volume is marked read-only' };
  const isArchive = [ExtractError, TarError, DecompressError, PackError].some((kind) => error instanceof kind);
  return of(isArchive || isEngineError(error, 'invalid_argument') ? 'archive' : 'other');
}

async function start({ id, task, scratch }: Extract<ToThread, { kind: 'start' }>): Promise<void> {
  const job: Job = { id, scratch, credit: WINDOW, input: [], isCancelled: false };
  jobs.set(id, job);
  try {
    const value = await perform(job, task);
    post({ kind: 'done', id, ...(value && { value }) });
  } catch (error) {
    post({ kind: 'failed', id, failure: failureOf(error) });
  } finally {
    jobs.delete(id);
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'start') return void start(message);
  const job = jobs.get(message.id);
  if (!job) return;
  if (message.kind === 'credit') job.credit += 1;
  else if (message.kind === 'input') job.input.push(message);
  else job.isCancelled = true;
  const { wake } = job;
  job.wake = undefined;
  wake?.();
});
