import { createReadStream } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { createDigester } from '#lib/digest.ts';
import { readTar, TarError } from '#lib/tar.ts';
import { DecompressError, decompress, type Form } from '#os/decompress.ts';
import { createLayerWriter, LayerError, type LayerLimits } from '#os/tar.ts';

/**
 * Unpacks one blob after the other in a thread of its own: its calls to the
 * kernel block, and the engine's event loop must not.
 */
export type UnpackJob = {
  /** Path of the blob. */
  blob: string;
  /** Its digest, which the content store has verified: the diff id when the blob turns out to be plain tar. */
  blobDigest: string;
  target: string;
  lowest: boolean;
  limits: LayerLimits;
};
export type UnpackReply =
  | { kind: 'progress'; bytes: number }
  | { kind: 'done'; diffId: string; size: number }
  /** `hostile`: the archive's fault, with words for people. */
  | { kind: 'failed'; hostile: boolean; code: string; message: string };

const READ_SIZE = 512 * 1024;
const PROGRESS_STEP = 4 * 1024 * 1024;

async function unpack(job: UnpackJob, tell: (reply: UnpackReply) => void): Promise<UnpackReply> {
  const digester = createDigester();
  const writer = createLayerWriter(job.target, job);
  let read = 0;
  let told = 0;
  let plain = 0;
  let isPlain = false;
  async function* compressed() {
    for await (const chunk of createReadStream(job.blob, { highWaterMark: READ_SIZE })) {
      read += (chunk as Buffer).length;
      if (read - told >= PROGRESS_STEP) {
        told = read;
        tell({ kind: 'progress', bytes: read });
      }
      yield chunk as Buffer;
    }
  }
  async function* hashed() {
    const onForm = (form: Form) => {
      isPlain = form === 'plain';
    };
    for await (const chunk of decompress(compressed(), onForm)) {
      plain += chunk.length;
      // A bomb of zeroes would otherwise only cost time: holes take no disk.
      if (plain > job.limits.maxSize) throw new LayerError(`the layer is larger than ${job.limits.maxSize} bytes`);
      if (!isPlain) digester.update(chunk);
      yield chunk;
    }
  }
  for await (const item of readTar(hashed())) await writer.add(item);
  const { size } = writer.finish();
  tell({ kind: 'progress', bytes: read });
  return { kind: 'done', diffId: isPlain ? job.blobDigest : digester.digest(), size };
}

function failure(error: unknown): UnpackReply {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const hostile = error instanceof TarError || error instanceof LayerError || error instanceof DecompressError;
  return { kind: 'failed', hostile, code, message };
}

parentPort?.on('message', (job: UnpackJob) => {
  const tell = (reply: UnpackReply) => parentPort?.postMessage(reply);
  unpack(job, tell).then(tell, (error) => tell(failure(error)));
});
