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
