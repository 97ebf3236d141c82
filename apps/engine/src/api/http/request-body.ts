import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * The bytes of a request's body, as a stream of its own: whoever gives up on
 * it destroys only this, not the connection, over which the reason has still
 * to go. Fails with ECONNRESET when the client leaves before the end.
 */
export function requestBody(request: IncomingMessage): Readable {
  let attached = false;
  const onData = (chunk: Buffer) => {
    if (!body.push(chunk)) request.pause();
  };
  const onEnd = () => body.push(null);
  const onClose = () => {
    if (!request.complete) body.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  };
  const body = new Readable({
    read() {
      if (!attached) {
        attached = true;
        request.on('data', onData).once('end', onEnd).once('close', onClose);
        if (request.destroyed) onClose();
      }
      request.resume();
    },
    destroy(error, done) {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
      if (!request.complete) request.pause();
      done(error);
    },
  });
  return body;
}
