import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { lingerThenDestroy } from './linger.ts';
import { rawHead } from './reply.ts';
import { RAW_UPGRADE } from './takeover.ts';

/** How the client wants the connection after the request: as it asked in its Upgrade header. */
export type TakeoverMode = 'upgrade' | 'raw' | 'websocket';

export function takeoverMode(request: IncomingMessage): TakeoverMode {
  const token = request.headers.upgrade?.trim().toLowerCase();
  if (token === undefined || token === RAW_UPGRADE) return 'raw';
  return token === 'websocket' ? 'websocket' : 'upgrade';
}

/** Input of a terminal is keystrokes and pastes; larger messages are cut off. */
const MAX_WEBSOCKET_MESSAGE = 1024 * 1024;

/**
 * Answers that the connection is taken over and returns it. `101 UPGRADED`
 * as Docker spells it when the client asked, `200 OK` and a raw body when it
 * did not, the WebSocket handshake when it asked for that.
 */
export function takeOver(socket: Duplex, request: IncomingMessage, mode: TakeoverMode, contentType: string): Duplex {
  if (mode === 'websocket') return acceptWebSocket(socket, request);
  const headers = { 'Content-Type': contentType };
  socket.write(
    mode === 'upgrade'
      ? rawHead(101, { ...headers, Connection: 'Upgrade', Upgrade: 'tcp' }, 'UPGRADED')
      : rawHead(200, { ...headers, Connection: 'close' }),
  );
  socket.once('finish', () => lingerThenDestroy(socket));
  return socket;
}

const webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_WEBSOCKET_MESSAGE, perMessageDeflate: false });

function acceptWebSocket(socket: Duplex, request: IncomingMessage): Duplex {
  let stream: Duplex | undefined;
  // Without verifyClient the handshake is synchronous; a malformed one is answered with 400 by the library.
  webSockets.handleUpgrade(request, socket, Buffer.alloc(0), (connection) => {
    stream = createWebSocketStream(connection, { allowHalfOpen: true });
    // Writing to one that is closed is an error of the stream; whoever writes learns it from 'close'.
    stream.on('error', () => undefined);
  });
  if (stream === undefined) throw new Error('the WebSocket handshake failed');
  return stream;
}
