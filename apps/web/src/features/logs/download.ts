import { dockerPath, open } from '../../lib/request.ts';

/** Takes the 8-byte frame headers of the Docker stream format out of a stream, whatever its chunks. */
export function createDemux(): (chunk: Uint8Array) => Uint8Array[] {
  let header = new Uint8Array(8);
  let have = 0;
  let left = 0;
  return (chunk) => {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const end = Math.min(chunk.length, at + left);
        parts.push(chunk.subarray(at, end));
        left -= end - at;
        at = end;
        continue;
      }
      const take = Math.min(8 - have, chunk.length - at);
      header.set(chunk.subarray(at, at + take), have);
      have += take;
      at += take;
      if (have === 8) {
        left = new DataView(header.buffer).getUint32(4);
        header = new Uint8Array(8);
        have = 0;
      }
    }
    return parts;
  };
}

export type Download = {
  host: string;
  container: string;
  tty: boolean;
  name: string;
  progress: (bytes: number) => void;
  signal: AbortSignal;
};

/** Everything the engine kept, as a text file. The browser keeps it in a blob, which lies on its disk, not in the page. */
export async function downloadAll({ host, container, tty, name, progress, signal }: Download): Promise<void> {
  const path = dockerPath(host, `/containers/${encodeURIComponent(container)}/logs`);
  const response = await open(path, { query: { stdout: 1, stderr: 1, timestamps: 1 }, signal });
  const demux = tty ? (chunk: Uint8Array) => [chunk] : createDemux();
  let bytes = 0;
  const text = response.body!.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (const part of demux(chunk)) controller.enqueue(part);
        bytes += chunk.length;
        progress(bytes);
      },
    }),
  );
  save(await new Response(text).blob(), name);
}

/** Hands a blob to the browser as a file. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  // A name comes from a container: nothing in it may lead anywhere.
  link.download = name.replace(/[^A-Za-z0-9_.-]/g, '_');
  link.click();
  // The download has its own hold on the blob once it began.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
