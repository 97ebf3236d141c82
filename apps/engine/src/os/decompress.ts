import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { start } from './process.ts';

const OUTPUT_SIZE = 256 * 1024;
const LONGEST_MAGIC = 6;
const XZ = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** The compressed data is damaged. */
export class DecompressError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DecompressError';
  }
}

export type Form = 'plain' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

function formOf(head: Buffer): Form {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd';
  if (head.subarray(0, 6).equals(XZ)) return 'xz';
  if (head.toString('latin1', 0, 3) === 'BZh') return 'bzip2';
  return 'plain';
}

/**
 * Gives the plain bytes of a stream in whatever form it is: plain, gzip, zstd,
 * xz or bzip2, told by its first bytes. Throws DecompressError for damaged
 * data; errors of the source pass through. The source is let go of when the
 * consumer stops early. `onForm` is told the form before the first bytes.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  onForm?: (form: Form) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const heads: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_MAGIC) {
    const { done, value } = await iterator.next();
    if (done) break;
    heads.push(value);
    length += value.length;
  }
  const head = Buffer.concat(heads);
  const whole = (async function* () {
    try {
      if (head.length > 0) yield head;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      }
    } finally {
      await iterator.return?.();
    }
  })();
  const form = formOf(head);
  onForm?.(form);
  if (form === 'plain') yield* whole;
  else if (form === 'gzip') yield* throughStream(whole, createGunzip({ chunkSize: OUTPUT_SIZE }));
  else if (form === 'zstd') yield* throughStream(whole, createZstdDecompress({ chunkSize: OUTPUT_SIZE }));
  else yield* throughProgram(whole, form);
}

async function* throughStream(source: AsyncIterable<Buffer>, decoder: Transform): AsyncGenerator<Buffer> {
  let failure: unknown;
  pipeline(Readable.from(source, { objectMode: false }), decoder, (error) => {
    failure = error;
  });
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code ?? '');
    if (/^(Z_|ZSTD_|ERR_ZLIB)/.test(code))
      throw new DecompressError('the compressed data is damaged', { cause: error });
    throw failure ?? error;
  }
}

async function* throughProgram(source: AsyncIterable<Buffer>, program: 'xz' | 'bzip2'): AsyncGenerator<Buffer> {
  const child = await start(program, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let sourceError: unknown;
  pipeline(Readable.from(source, { objectMode: false }), child.stdin!, (error) => {
    // EPIPE: the program ended first, and its exit code says why.
    if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') sourceError = error;
  });
  try {
    for await (const chunk of child.stdout!) yield chunk as Buffer;
    const { code } = await child.closed;
    if (sourceError) throw sourceError;
    if (code !== 0) throw new DecompressError('the compressed data is damaged');
  } finally {
    child.kill();
  }
}
