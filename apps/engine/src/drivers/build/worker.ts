import { closeSync, createReadStream, lstatSync, rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { CopyRequest, Match, ScanRequest } from '#core/build/ports.ts';
import { createIgnore } from '#lib/ignore-file.ts';
import { PatternError } from '#lib/path-pattern.ts';
import { readTar, TarError } from '#lib/tar.ts';
import { openPlace } from '#os/beneath.ts';
import { DecompressError, decompress } from '#os/decompress.ts';
import { createLayerWriter, LayerError } from '#os/tar.ts';
import { packLayer } from '#os/tree-diff.ts';
import { PackError } from '#os/tree-pack.ts';
import { copyInto } from './copy.ts';
import { packUpper } from './pack.ts';
import { hostPath, TooManyLinks, toBytes } from './resolve.ts';
import { excluder, namesOf, scanTree } from './scan.ts';
import { clampTimes, withoutStubs } from './tar-filter.ts';

/** The work of one build that blocks, in a thread of its own: one job after the other. */
export type BuildJob =
  | { kind: 'receive'; archive: string; target: string }
  | { kind: 'exclude'; root: string; lines: readonly string[] }
  | { kind: 'scan'; root: string; request: ScanRequest }
  | { kind: 'copy'; sourceRoot: string; targetRoot: string; request: CopyRequest }
  /** `lower`: the root that the upper directory lies over; without it all of the upper directory is meant. */
  | { kind: 'pack'; upper: string; lower?: string; latest?: number; stubs?: readonly string[] };

export type BuildReply =
  | { kind: 'chunk'; bytes: Uint8Array }
  | { kind: 'done'; matches?: Match[] }
  /** `refused`: words for the author of the Dockerfile. */
  | { kind: 'failed'; refused: boolean; code: string; message: string };

const READ_SIZE = 512 * 1024;
/** Of a context. */
const LIMITS = { maxSize: 64 * 1024 ** 3, maxEntries: 2_000_000 };
/** Chunks on their way to the consumer. */
const WINDOW = 4;

async function receive(archive: string, target: string): Promise<void> {
  const writer = createLayerWriter(target, { lowest: true, limits: LIMITS, whiteouts: 'literal' });
  const stream = createReadStream(archive, { highWaterMark: READ_SIZE });
  let plain = 0;
  async function* bounded() {
    for await (const chunk of decompress(stream)) {
      plain += chunk.length;
      if (plain > LIMITS.maxSize) throw new LayerError(`the context is larger than ${LIMITS.maxSize} bytes`);
      yield chunk;
    }
  }
  try {
    for await (const item of readTar(bounded())) await writer.add(item);
  } finally {
    stream.destroy();
  }
  writer.finish();
}

function exclude(root: string, lines: readonly string[]): void {
  const isExcluded = excluder(lines);
  const { hasExceptions } = createIgnore(lines);
  /** True when nothing is left of the directory. */
  const visit = (at: string): boolean => {
    let left = 0;
    for (const name of namesOf(root + at)) {
      const path = `${at}/${name}`;
      const isOut = isExcluded(path.slice(1), path.slice(1));
      if (isOut && !hasExceptions) {
        rmSync(toBytes(root + path), { recursive: true, force: true });
        continue;
      }
      if (lstatSync(toBytes(root + path)).isDirectory()) {
        const isEmpty = visit(path);
        if (!isOut || !isEmpty) left += 1;
        else rmSync(toBytes(root + path), { recursive: true });
      } else if (isOut) rmSync(toBytes(root + path), { force: true });
      else left += 1;
    }
    return left === 0;
  };
  visit('');
}

function pack(job: Extract<BuildJob, { kind: 'pack' }>): Iterable<Buffer> {
  const { upper, lower, latest, stubs = [] } = job;
  const packed = lower === undefined ? packUpper(upper) : overLower(upper, lower);
  const all = stubs.length > 0 ? withoutStubs(packed, new Set(stubs)) : packed;
  return latest === undefined ? all : clampTimes(all, latest);
}

function* overLower(upper: string, lower: string): Generator<Buffer> {
  const descriptor = openPlace(lower);
  try {
    yield* packLayer(upper, descriptor, { isStill: true });
  } finally {
    closeSync(descriptor);
  }
}

let credits = WINDOW;
let onCredit: (() => void) | undefined;

async function send(chunks: Iterable<Buffer>): Promise<void> {
  for (const chunk of chunks) {
    while (credits === 0) {
      await new Promise<void>((resolve) => {
        onCredit = resolve;
      });
    }
    credits -= 1;
    const bytes = new Uint8Array(chunk);
    parentPort?.postMessage({ kind: 'chunk', bytes } satisfies BuildReply, [bytes.buffer]);
  }
}

async function work(job: BuildJob): Promise<BuildReply> {
  switch (job.kind) {
    case 'receive':
      await receive(job.archive, job.target);
      return { kind: 'done' };
    case 'exclude':
      exclude(hostPath(job.root), job.lines);
      return { kind: 'done' };
    case 'scan':
      return { kind: 'done', matches: scanTree(hostPath(job.root), job.request) };
    case 'copy': {
      const { request } = job;
      await copyInto({ ...request, sourceRoot: hostPath(job.sourceRoot), targetRoot: hostPath(job.targetRoot) });
      return { kind: 'done' };
    }
    default:
      credits = WINDOW;
      await send(pack(job));
      return { kind: 'done' };
  }
}

function failure(error: unknown): BuildReply {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const refused =
    error instanceof TarError ||
    error instanceof LayerError ||
    error instanceof DecompressError ||
    error instanceof PatternError ||
    error instanceof TooManyLinks ||
    error instanceof PackError;
  return { kind: 'failed', refused, code, message };
}

parentPort?.on('message', (message: BuildJob | 'more') => {
  if (message === 'more') {
    credits += 1;
    onCredit?.();
    onCredit = undefined;
    return;
  }
  const tell = (reply: BuildReply) => parentPort?.postMessage(reply);
  work(message).then(tell, (error) => tell(failure(error)));
});
