import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The upgrade token put into a request that wants the raw connection but did not ask to upgrade. */
export const RAW_UPGRADE = 'x-raw-stream';

const HIJACK_LINE = /^POST [^\s?]*\/(?:containers\/[^\s?/]+\/attach|exec\/[^\s?/]+\/start)(?:\?[^\s]*)? HTTP\/1\.1\r\n/;

/**
 * Attach and exec take the connection over even when the client did not ask
 * to upgrade: the bytes behind its request are the container's stdin. Node's
 * parser would take them for the next request, and cannot be stopped from a
 * request handler. It does stop at an upgrade: so such a request, when it is
 * the first of its connection, is given an Upgrade header before the parser
 * sees it. Returns the bytes to parse.
 */
export function markRawTakeover(first: Buffer): Buffer {
  if (first[0] !== 0x50 /* P */) return first;
  const headEnd = first.indexOf('\r\n\r\n');
  if (headEnd < 0 || headEnd > 64 * 1024) return first;
  const head = first.toString('latin1', 0, headEnd + 2);
  const line = HIJACK_LINE.exec(head)?.[0];
  if (line === undefined || /\r\nupgrade[ \t]*:/i.test(head)) return first;
  const mark = `Connection: Upgrade\r\nUpgrade: ${RAW_UPGRADE}\r\n`;
  return Buffer.concat([Buffer.from(line + mark, 'latin1'), first.subarray(line.length)]);
}

/** Lets `mark` see the first bytes of a connection, then passes it on as if nothing had been read. */
export function peekConnection(socket: Duplex, mark: (first: Buffer) => Buffer, pass: () => void): void {
  const done = () => {
    socket.removeListener('readable', onReadable);
    socket.removeListener('end', done);
    socket.removeListener('close', done);
    socket.removeListener('error', done);
    if (socket.destroyed) return;
    (socket as { readableFlowing: boolean | null }).readableFlowing = null;
    pass();
  };
  const onReadable = () => {
    const first = socket.read() as Buffer | null;
    if (first === null) return;
    socket.unshift(mark(first));
    done();
  };
  socket.on('readable', onReadable);
  socket.on('end', done);
  socket.on('close', done);
  socket.on('error', done);
}

/**
 * Takes a connection away from the HTTP server in the middle of a request
 * that was parsed as an ordinary one (a later request of a kept connection).
 * Call when the body has been read. Listening to 'data' makes the server let
 * go of the kernel handle; removing its listeners does the rest. Its 'close'
 * listener stays: it frees the parser.
 */
export function detachFromHttp(request: IncomingMessage, response: ServerResponse): Duplex {
  const socket = request.socket;
  const ours = () => undefined;
  socket.on('data', ours);
  socket.pause();
  for (const event of ['data', 'end', 'drain', 'timeout', 'error']) socket.removeAllListeners(event);
  response.detachSocket(socket);
  // As the server itself leaves it for an 'upgrade' listener: neither flowing nor explicitly paused.
  (socket as { readableFlowing: boolean | null }).readableFlowing = null;
  return socket;
}
