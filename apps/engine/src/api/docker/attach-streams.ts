import { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { DockerRequest } from '#api/http/route.ts';
import { EngineError } from '#core/errors.ts';
import { createDetachScanner, parseDetachKeys } from '#lib/detach-keys.ts';
import { frame, frameHeader, type StreamKind } from '#lib/frames.ts';

/** Up to here copying into one buffer is cheaper than a second write. */
const COPY_LIMIT = 16 * 1024;
/** How often a client that has ended its input is looked at. */
const PROBE_MS = 5_000;

/** Content type of a taken over connection: from API 1.42 on it tells frames from bare bytes. */
export function streamContentType(request: Pick<DockerRequest, 'version'>, tty: boolean): string {
  const [major = 0, minor = 0] = request.version.split('.').map(Number);
  const named = major > 1 || minor >= 42;
  return named && !tty ? 'application/vnd.docker.multiplexed-stream' : 'application/vnd.docker.raw-stream';
}

/** Detach keys of a request, or Docker's 400. */
export function detachKeysOf(text: string | null): readonly number[] {
  const keys = parseDetachKeys(text);
  if (keys === null) throw new EngineError('invalid_argument', `Invalid detach keys (${text}) provided`);
  return keys;
}

/** A size as `h` and `w` of a resize request give it. */
export function sizeOf(query: URLSearchParams): { rows: number; columns: number } {
  const read = (name: string): number => {
    const text = query.get(name) ?? '';
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
      throw new EngineError(
        'invalid_argument',
        `invalid value for ${name}: ${JSON.stringify(text)} is not a number from 0 to 65535`,
      );
    }
    return Number(text);
  };
  return { rows: read('h'), columns: read('w') };
}

/**
 * Sends a process's output to the client, in frames when `kind` is given. The process waits while the client does not
 * read; when the client is gone the rest is read and dropped, so that the process never hangs on it.
 *
 * @returns settles when the output has ended (true) or the client is gone (false).
 */
export function pumpOutput(output: Readable, connection: Duplex, kind: StreamKind | null): Promise<boolean> {
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => {
      if (connection.writableEnded) settle(false);
      else if (!writeChunk(connection, chunk, kind)) output.pause();
    };
    const onDrain = (): void => {
      output.resume();
    };
    const settle = (complete: boolean): void => {
      output.off('data', onData);
      connection.off('drain', onDrain);
      connection.off('close', onGone);
      if (!complete) output.resume();
      resolve(complete);
    };
    const onGone = (): void => settle(false);
    output.on('data', onData);
    output.once('end', () => settle(true));
    // A terminal's reading end fails with EIO when its last process is gone: that is its end.
    output.once('error', () => settle(true));
    output.once('close', () => settle(true));
    connection.on('drain', onDrain);
    connection.once('close', onGone);
    if (connection.destroyed) settle(false);
  });
}

function writeChunk(connection: Duplex, chunk: Buffer, kind: StreamKind | null): boolean {
  if (kind === null) return connection.write(chunk);
  if (chunk.length <= COPY_LIMIT) return connection.write(frame(kind, chunk));
  connection.cork();
  connection.write(frameHeader(kind, chunk.length));
  const more = connection.write(chunk);
  connection.uncork();
  return more;
}

/** One last message, then the end; the client's input is read and dropped. */
export function sendLast(connection: Duplex, kind: StreamKind | null, text: string): void {
  connection.resume();
  writeChunk(connection, Buffer.from(text), kind);
  connection.end();
}

export type InputOptions = {
  /** Null: the client's input is read and dropped. */
  stdin: Writable | null;
  /** Looked for in a terminal's input only. */
  detachKeys: readonly number[] | null;
  /** End of the client's input is end of input for the process. */
  closeStdin: boolean;
  onDetach(): void;
};

/** Takes the client's input to the process, at the process's pace. */
export function pumpInput(connection: Duplex, { stdin, detachKeys, closeStdin, onDetach }: InputOptions): void {
  if (stdin === null) {
    connection.resume();
    return;
  }
  const scanner = detachKeys === null ? null : createDetachScanner(detachKeys);
  let open = true;
  const shut = (): void => {
    open = false;
    connection.resume();
  };
  // The process may close its input at any time; what comes after is nobody's.
  stdin.on('error', shut);
  stdin.on('close', shut);
  stdin.on('drain', () => connection.resume());
  connection.on('data', (chunk: Buffer) => {
    if (!open) return;
    const { data, detached } = scanner === null ? { data: chunk, detached: false } : scanner.push(chunk);
    if (data.length > 0 && !stdin.write(data)) connection.pause();
    if (detached) {
      open = false;
      onDetach();
    }
  });
  const finish = (): void => {
    if (open && closeStdin) stdin.end();
    open = false;
  };
  connection.once('end', finish);
  connection.once('close', finish);
}

/** Whether the other side of a socket is gone altogether; see os/hangup.ts. */
export type HungUp = (fd: number) => boolean;

/**
 * Notices a client that is gone although it sends nothing. After the end of its input it may still be reading: a local
 * client is looked at, one on TCP is sent a frame without bytes (where there are frames) and kept alive by the kernel.
 */
export function watchClient(connection: Duplex, framed: boolean, isHungUp?: HungUp): void {
  connection.on('error', () => connection.destroy());
  if (connection instanceof Socket) connection.setKeepAlive(true, PROBE_MS);
  connection.once('end', () => {
    const timer = setInterval(() => {
      const fd = descriptorOf(connection);
      if (fd !== undefined && isHungUp?.(fd)) connection.destroy();
      else if (framed && connection.writableLength === 0 && connection.writable) {
        connection.write(frame(1, new Uint8Array()));
      }
    }, PROBE_MS);
    timer.unref();
    connection.once('close', () => clearInterval(timer));
    connection.once('finish', () => clearInterval(timer));
  });
}

/** Node keeps a socket's descriptor to itself; there is none for connections inside the process. */
function descriptorOf(connection: Duplex): number | undefined {
  const fd = (connection as { _handle?: { fd?: unknown } | null })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
