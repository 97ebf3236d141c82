import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import Fastify, { type FastifyInstance } from 'fastify';
import { EngineError } from '#core/errors.ts';
import { type Carrier, type DockerKernel, type KernelLog, splitQuery } from './docker-kernel.ts';
import type { Door, Doors } from './door.ts';
import { toProblem } from './errors.ts';
import type { OriginPolicy } from './origin.ts';
import { type Headers, sendRaw, sendResponse } from './reply.ts';
import { markRawTakeover, peekConnection } from './takeover.ts';
import { listenUnix } from './unix-socket.ts';

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export type HttpServer = {
  /** Gives a connection to the server, as if it had been accepted at that door. */
  accept(socket: Duplex, door: Door): void;
  listenUnix(options: { path: string; group: string }): Promise<void>;
  /** Returns the port listened on (asked for 0: a free one). */
  listenTcp(options: { host: string; port: number }): Promise<number>;
  /** Upgrade requests on the port whose path begins with `prefix`; Host and Origin have been checked. */
  onUpgrade(prefix: string, handler: UpgradeHandler): void;
  /** Stops listening, then ends every connection. */
  close(): Promise<void>;
};

/** Bounds of every connection; a slow or silent client costs one socket, not more (RFC 9110 leaves them to us). */
const LIMITS = {
  maxHeaderSize: 64 * 1024,
  // Looked at every five seconds; nobody needs that long to say what they want.
  headersTimeout: 15_000,
  // 0: the body of a load or build is as long as it is; JSON bodies have a timer of their own.
  requestTimeout: 0,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
} as const;
const MAX_TCP_CONNECTIONS = 4096;
/** Dead peers of long streams are noticed after this long without a sign of life. */
const TCP_KEEPALIVE_MS = 30_000;

/**
 * One HTTP server for every door: the local socket, the port, and pairs of
 * streams inside the process. The Docker API goes to the Docker kernel, on
 * the port everything else to Fastify with what `register` puts into it.
 */
export async function createHttpServer(deps: {
  docker: DockerKernel;
  doors: Doors;
  origin: OriginPolicy;
  log: KernelLog;
  register: (app: FastifyInstance) => void | Promise<void>;
}): Promise<HttpServer> {
  const { docker, doors, origin } = deps;
  const upgrades = new Map<string, UpgradeHandler>();
  const sockets = new Set<Duplex>();
  /** The latest request of each connection, to know whether an answer is on its way. */
  const inFlight = new WeakMap<Duplex, ServerResponse>();
  const listeners: NetServer[] = [];
  let fastifyHandler: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // An aborted upload makes the request emit an error; whoever reads it sees it, and nobody else must fall over it.
    request.on('error', () => undefined);
    inFlight.set(request.socket, response);
    const door = doors.of(request.socket);
    const target = findTarget(request, door);
    if (door.kind === 'tcp') {
      try {
        origin.check(request, { navigation: target.kind === 'site' });
      } catch (error) {
        void answerProblem({ kind: 'http', response }, error, request.complete);
        return;
      }
    }
    if (target.kind !== 'docker') fastifyHandler(request, response);
    else
      void docker.handle({
        request,
        door,
        host: target.host,
        via: target.via,
        url: target.url,
        carrier: { kind: 'http', response },
      });
  };

  const upgradeHandler = (request: IncomingMessage): UpgradeHandler | undefined => {
    const [path] = splitQuery(request.url ?? '');
    for (const [prefix, handler] of upgrades) if (path === prefix || path.startsWith(`${prefix}/`)) return handler;
    return undefined;
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => undefined);
    const door = doors.of(socket);
    const target = findTarget(request, door);
    const carrier: Carrier = { kind: 'raw', socket, head };
    try {
      if (door.kind === 'tcp') origin.check(request, { navigation: false });
      if (target.kind === 'docker') {
        void docker.handle({ request, door, host: target.host, via: target.via, url: target.url, carrier });
        return;
      }
      const handler = upgradeHandler(request);
      if (!handler) throw new EngineError('not_found', 'page not found');
      handler(request, socket, head);
    } catch (error) {
      void answerProblem(carrier, error, true);
    }
  };

  const makeServer = (handler: (request: IncomingMessage, response: ServerResponse) => void): Server => {
    fastifyHandler = handler;
    const server = createServer(
      {
        ...LIMITS,
        shouldUpgradeCallback: (request: IncomingMessage) => {
          const door = doors.of(request.socket);
          const target = findTarget(request, door);
          if (target.kind === 'docker') return docker.takesOver(request.method ?? '', target.url);
          return door.kind === 'tcp' && upgradeHandler(request) !== undefined;
        },
      },
      onRequest,
    );
    server.on('upgrade', onUpgrade);
    return server;
  };

  const app = Fastify({
    serverFactory: makeServer,
    clientErrorHandler: (error, socket) => refuse(error, socket, inFlight.get(socket)),
    bodyLimit: 64 * 1024,
    logger: false,
    // Identity and address are the gateway's business.
    trustProxy: false,
    routerOptions: { maxParamLength: 300 },
  });
  await deps.register(app);
  await app.ready();
  const server = app.server;
  // The server never listens itself; this starts its watch over header and keep-alive timeouts all the same.
  server.emit('listening');

  const accept = (socket: Duplex, door: Door): void => {
    doors.mark(socket, door);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const onEarlyError = () => undefined;
    socket.on('error', onEarlyError);
    peekConnection(socket, markRawTakeover, () => {
      server.emit('connection', socket);
      socket.removeListener('error', onEarlyError);
    });
  };

  return {
    accept,
    async listenUnix(options) {
      listeners.push(await listenUnix({ ...options, accept: (socket) => accept(socket, { kind: 'unix' }) }));
    },
    async listenTcp({ host, port }) {
      const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
      const listener = createNetServer(options, (socket: Socket) => accept(socket, { kind: 'tcp' }));
      listener.maxConnections = MAX_TCP_CONNECTIONS;
      await new Promise<void>((resolve, reject) => {
        listener.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
        listener.listen({ host, port }, resolve);
      });
      listeners.push(listener);
      return (listener.address() as AddressInfo).port;
    },
    onUpgrade(prefix, handler) {
      upgrades.set(prefix, handler);
    },
    async close() {
      const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      await app.close();
    },
  };
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): EngineError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'another program listens there. Choose another one with --port'
      : error.code === 'EADDRNOTAVAIL'
        ? 'this machine has no such address. Choose another one with --host'
        : `the system refuses it (${error.code})`;
  return new EngineError('unavailable', `Cannot listen on ${host}, port ${port}: ${why}.`, { cause: error });
}

type Target =
  | { kind: 'docker'; via: 'docker' | 'dashboard'; host: string; url: string }
  | { kind: 'api' }
  | { kind: 'site' };

/** What a request is for. The local socket and memory carry the Docker API alone. */
export function findTarget(request: IncomingMessage, door: Door): Target {
  const url = request.url ?? '/';
  if (door.kind !== 'tcp') return { kind: 'docker', via: 'docker', host: 'local', url };
  const proxied = /^\/api\/v1\/hosts\/([^/?]+)\/docker(\/.*)$/.exec(url);
  if (proxied) return { kind: 'docker', via: 'dashboard', host: proxied[1] as string, url: proxied[2] as string };
  const [path] = splitQuery(url);
  if (/^\/(api|live)(\/|$)/.test(path) || ['/healthz', '/readyz', '/metrics'].includes(path)) return { kind: 'api' };
  const bearer = /^bearer /i.test(request.headers.authorization ?? '');
  if (bearer || path === '/_ping' || /^\/v\d+\.\d+(\/|$)/.test(path)) {
    return { kind: 'docker', via: 'docker', host: 'local', url };
  }
  return { kind: 'site' };
}

async function answerProblem(carrier: Carrier, error: unknown, complete: boolean): Promise<void> {
  const problem = toProblem(error);
  const headers: Headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
  const answer = { kind: 'json', status: problem.status, body: { message: problem.message } } as const;
  if (carrier.kind === 'raw') await sendRaw(carrier.socket, answer, headers);
  else await sendResponse(carrier.response, answer, complete ? headers : { ...headers, Connection: 'close' }, false);
}

/** A request that is not HTTP as RFC 9112 has it: said once, then the connection ends. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, response: ServerResponse | undefined): void {
  // In the middle of an answer nothing can be said without being taken for part of it.
  const answering = response?.headersSent === true && !response.writableFinished;
  if (error.code === 'ECONNRESET' || !socket.writable || answering) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const message = {
    400: 'malformed HTTP request',
    408: 'the request did not arrive in time',
    431: 'request headers are too large',
  }[status];
  socket.on('error', () => undefined);
  void sendRaw(socket, { kind: 'json', status, body: { message } }, {});
}
