import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** After our side has ended, a client gets this long to close its own. Longer would leak descriptors. */
const LINGER_MS = 2_000;

/** The client may still be reading what we sent: discard its input and wait for it to close, but not for ever. */
export function lingerThenDestroy(socket: Duplex): void {
  if (socket.destroyed) return;
  if (socket.readableEnded) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/**
 * Discards what is still coming of a request that was answered before its end: a connection closed on unread input is
 * reset, and the client loses the answer. After the time it is closed nevertheless.
 */
export function drainRequest(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.complete || request.destroyed) {
      resolve();
      return;
    }
    const timer = setTimeout(() => request.destroy(), LINGER_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done).once('close', done).resume();
  });
}
