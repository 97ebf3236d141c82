import { createDemux } from '#lib/docker-stream.ts';
import { dockerPath, open } from '#lib/request.ts';

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
