import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as EngineServer } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import type { ClientToServer, ServerToClient } from '#contract/realtime.ts';
import { isEngineError } from '#core/errors.ts';
import { createConnection } from './connection.ts';
import { createEventFanout } from './event-fanout.ts';
import type { LiveClient, RealtimeDeps } from './ports.ts';
import { createStatsSampler } from './stats-sampler.ts';

export type LiveSocket = Socket<ClientToServer, ServerToClient, Record<string, never>, { client: LiveClient }>;

export type Realtime = {
  /** Takes an upgrade request for `/live`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Number of connected clients. */
  clients(): number;
  /** Ends every stream, terminal and connection. */
  close(): Promise<void>;
};

/** A pasted 64 KiB may take six times as much as JSON. */
const MAX_MESSAGE = 512 * 1024;
const RECHECK_MS = 30_000;
/** Messages waiting for a browser that does not read; beyond it it is cut off and starts again when it comes back. */
const MAX_WAITING_MESSAGES = 2_000;

/** socket.io over websockets only: events, stats, logs and terminals for the dashboard. See contract/realtime.ts. */
export function createRealtime(deps: RealtimeDeps): Realtime {
  const engine = new EngineServer({
    transports: ['websocket'],
    maxHttpBufferSize: MAX_MESSAGE,
    perMessageDeflate: false,
    allowUpgrades: false,
  });
  const io: Server<ClientToServer, ServerToClient, Record<string, never>, { client: LiveClient }> = new Server({
    connectTimeout: 10_000,
    cleanupEmptyChildNamespaces: true,
    serveClient: false,
  });
  io.bind(engine);

  const onError = (host: string, error: unknown): void =>
    deps.log.warn({ host, err: error }, 'a live feed from a host failed and is tried again');
  const fanout = createEventFanout({
    docker: (host) => deps.docker(host, null),
    emit: (event) => io.to(`events:${event.host}`).emit('event', event),
    onError,
  });
  const statsOf = new Map<string, Map<LiveSocket, ReadonlySet<string> | null>>();
  const reached = new WeakSet<LiveSocket>();
  const sampler = createStatsSampler({
    docker: (host) => deps.docker(host, null),
    ...(deps.sample ? { sample: deps.sample } : {}),
    deliver(host, samples) {
      for (const [socket, wanted] of statsOf.get(host) ?? []) {
        const chosen = wanted === null ? samples : samples.filter(({ id }) => wanted.has(id));
        // The next sample is as good: one that cannot be sent now is dropped, but for the first, which is waited for.
        const first = !reached.has(socket);
        reached.add(socket);
        (first ? socket : socket.volatile).emit('stats', { host, samples: chosen });
      }
    },
    onError,
  });

  io.use((socket, next) => {
    deps.authorise(socket.request).then(
      (client) => {
        socket.data.client = client;
        next();
      },
      (error: unknown) => next(refusal(error)),
    );
  });

  io.on('connection', (socket) => {
    const { client } = socket.data;
    const connection = createConnection({ deps, socket, client, fanout, sampler, statsOf });
    const end = (reason: string): void => {
      socket.emit('session:end', { reason });
      connection.close();
      socket.disconnect(true);
    };
    const undo = client.onEnd(end);
    const recheck = setInterval(() => {
      if (waitingMessages(socket) > MAX_WAITING_MESSAGES) socket.disconnect(true);
      Promise.resolve(client.alive()).then(
        (alive) => {
          if (!alive) end('expired');
          else connection.recheck();
        },
        (error: unknown) => {
          deps.log.error({ err: error }, 'a live session could not be checked and is ended');
          end('error');
        },
      );
    }, RECHECK_MS);
    socket.once('disconnect', () => {
      clearInterval(recheck);
      undo();
      connection.close();
    });
  });

  return {
    handleUpgrade(request, socket, head) {
      // Typed for Express-like requests; it reads what every request has.
      engine.handleUpgrade(request as Parameters<typeof engine.handleUpgrade>[0], socket, head);
    },
    clients: () => io.of('/').sockets.size,
    async close() {
      for (const socket of io.of('/').sockets.values()) socket.disconnect(true);
      fanout.close();
      sampler.close();
      engine.close();
    },
  };
}

/** Messages handed over but not yet on the wire. */
export function waitingMessages(socket: LiveSocket): number {
  return (socket.conn as unknown as { writeBuffer: unknown[] }).writeBuffer.length;
}

/** socket.io sends `message` and `data` of the error to the client. */
function refusal(error: unknown): Error & { data: { code: string } } {
  const known = isEngineError(error);
  const shown = new Error(known ? error.message : 'internal error');
  return Object.assign(shown, { data: { code: known ? error.code : 'internal' } });
}
