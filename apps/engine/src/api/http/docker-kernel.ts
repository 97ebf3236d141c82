import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import type { Actor } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import type { Door } from './door.ts';
import { statusOf, toProblem } from './errors.ts';
import { takeOver, takeoverMode } from './hijack.ts';
import { parseJson, readJsonBody } from './json-body.ts';
import { drainRequest } from './linger.ts';
import { createMatcher } from './match.ts';
import { readRawBody } from './raw-body.ts';
import { type Headers, sendRaw, sendResponse } from './reply.ts';
import { requestBody } from './request-body.ts';
import type { DockerRequest, DockerResponse, DockerRoute } from './route.ts';
import { detachFromHttp } from './takeover.ts';
import { API_VERSION, compareVersions, splitVersion } from './version.ts';

/** One request to the Docker API, whichever way it came. */
export type DockerCall = {
  readonly request: IncomingMessage;
  readonly door: Door;
  /** Which host's API. */
  readonly host: string;
  /** `docker`: a Docker client. `dashboard`: the site or a script, under /api/v1/hosts. */
  readonly via: 'docker' | 'dashboard';
  readonly route: DockerRoute;
  readonly params: Readonly<Record<string, string>>;
};

/**
 * What stands between a request and its handler: api/gateway. `admit` says
 * who it is and whether they may (throws unauthenticated or forbidden)
 * before the body is read; `run` does the work and sees its outcome before
 * it is answered.
 */
export type DockerGuard = {
  admit(call: DockerCall): Promise<{
    actor: Actor;
    run(work: () => Promise<DockerResponse>): Promise<DockerResponse>;
  }>;
};

/** Who carries the answer: the HTTP server, or a connection that it has let go. */
export type Carrier =
  | { readonly kind: 'http'; readonly response: ServerResponse }
  | { readonly kind: 'raw'; readonly socket: Duplex; readonly head: Buffer };

export type DockerExchange = {
  readonly request: IncomingMessage;
  readonly door: Door;
  readonly host: string;
  readonly via: 'docker' | 'dashboard';
  /** Path and query of the Docker API, after whatever prefix the door took off. */
  readonly url: string;
  readonly carrier: Carrier;
};

export type DockerKernel = {
  /** Serves one request to its end; never rejects. */
  handle(exchange: DockerExchange): Promise<void>;
  /** Whether an upgrade request is for a route that takes the connection over. */
  takesOver(method: string, url: string): boolean;
};

export type KernelLog = { error(facts: Record<string, unknown>, message: string): void };

export function createDockerKernel(deps: {
  routes: readonly DockerRoute[];
  guard: DockerGuard;
  /** Gantry's version, for the Server header. */
  version: string;
  log: KernelLog;
  onResponse?: (facts: { route: string; method: string; status: number; seconds: number }) => void;
}): DockerKernel {
  const match = createMatcher(deps.routes);
  const common: Headers = {
    'Api-Version': API_VERSION,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Gantry/${deps.version} (linux)`,
    'X-Content-Type-Options': 'nosniff',
  };

  const find = (method: string, url: string) => {
    const [pathname = '', search = ''] = splitQuery(url);
    const { version, path } = splitVersion(pathname);
    const found = match(method, path);
    if (!found || compareVersions(version, found.route.since ?? '1.24') < 0) {
      throw new EngineError('not_found', 'page not found');
    }
    return { ...found, version, path, query: new URLSearchParams(search), rawQuery: search };
  };

  const serve = async (exchange: DockerExchange, state: ExchangeState): Promise<void> => {
    const { request } = exchange;
    const found = find(request.method ?? '', exchange.url);
    state.route = found.route;
    const guarded = await deps.guard.admit({ ...exchange, route: found.route, params: found.params });
    const body = await readBody(exchange, found.route, state);
    const answer = await guarded.run(() =>
      found.route.handler({
        method: found.route.method,
        path: found.path,
        version: found.version,
        params: found.params,
        query: found.query,
        rawQuery: found.rawQuery,
        headers: request.headers,
        json: body.json,
        body: body.stream,
        actor: guarded.actor,
        signal: watchClient(state).signal,
        hijack: (contentType) => takeConnection(state, request, contentType),
      } satisfies DockerRequest),
    );
    if (answer.kind === 'hijacked') return;
    if (state.response) await sendResponse(state.response, answer, common, request.method === 'HEAD');
    else if (state.socket) await sendRaw(state.socket, answer, common);
  };

  return {
    async handle(exchange) {
      const started = performance.now();
      const { carrier, request } = exchange;
      const state: ExchangeState =
        carrier.kind === 'http'
          ? { response: carrier.response, taken: false }
          : { socket: carrier.socket, taken: false };
      // The handler listens where it cares; a reset connection must not end the process.
      state.socket?.on('error', () => undefined);
      let failed: number | undefined;
      try {
        await serve(exchange, state);
      } catch (error) {
        failed = await answerError(exchange, state, error, common, deps.log);
      }
      if (state.response && !request.complete) void drainRequest(request);
      deps.onResponse?.({
        route: state.route?.path ?? 'unknown',
        method: exchange.request.method ?? '',
        status: failed ?? state.response?.statusCode ?? (state.taken ? 101 : 200),
        seconds: (performance.now() - started) / 1000,
      });
    },
    takesOver(method, url) {
      try {
        return find(method, url).route.body === 'hijack';
      } catch {
        // Not one of ours, or a version we refuse: an ordinary request, whose answer says so.
        return false;
      }
    },
  };
}

export function splitQuery(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** Who holds the connection at the moment: the HTTP server (`response`), or nobody but us (`socket`). */
type ExchangeState = { route?: DockerRoute; response?: ServerResponse; socket?: Duplex; taken: boolean };

type ReadRequest = { json: unknown; stream: Readable };

async function readBody(exchange: DockerExchange, route: DockerRoute, state: ExchangeState): Promise<ReadRequest> {
  const { request, carrier } = exchange;
  if (route.body === 'hijack') return { json: await readHijack(exchange, route, state), stream: Readable.from([]) };
  if (carrier.kind === 'raw') throw new EngineError('invalid_argument', 'this request cannot upgrade the connection');
  const stream = requestBody(request);
  if (route.body === 'stream') return { json: undefined, stream };
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  return { json: hasBody ? await readJsonBody(stream, request.headers) : undefined, stream };
}

async function readHijack(
  { request, carrier }: DockerExchange,
  route: DockerRoute,
  state: ExchangeState,
): Promise<unknown> {
  if (route.method === 'GET' && takeoverMode(request) !== 'websocket') {
    throw new EngineError('invalid_argument', 'the client is not using the websocket protocol');
  }
  if (carrier.kind === 'raw') {
    const body = await readRawBody(carrier.socket, carrier.head, request.headers);
    return parseJson(body, request.headers['content-type']);
  }
  const json = await readJsonBody(request, request.headers);
  // In the turn in which the body ended: what the client sends from now on is not HTTP.
  state.socket = detachFromHttp(request, carrier.response);
  state.response = undefined;
  state.socket.on('error', () => undefined);
  return json;
}

function takeConnection(state: ExchangeState, request: IncomingMessage, contentType: string): Duplex {
  if (!state.socket) throw new Error('this route is not declared to take the connection over');
  if (state.taken) throw new Error('the connection was taken over before');
  state.taken = true;
  return takeOver(state.socket, request, takeoverMode(request), contentType);
}

function watchClient({ socket, response }: ExchangeState): AbortController {
  const abort = new AbortController();
  const gone = () => abort.abort(new EngineError('cancelled', 'the client went away'));
  if (socket) socket.once('close', gone);
  if (response?.destroyed || socket?.destroyed) gone();
  response?.once('close', () => {
    if (!response.writableFinished) gone();
  });
  return abort;
}

/** Returns the status. After the headers are out nothing can be said: the connection is cut. */
async function answerError(
  { request }: DockerExchange,
  { response, socket, taken }: ExchangeState,
  error: unknown,
  common: Headers,
  log: KernelLog,
): Promise<number> {
  if (isDisconnect(error)) {
    response?.destroy();
    socket?.destroy();
    return statusOf('cancelled');
  }
  const problem = toProblem(error);
  if (problem.logId !== undefined) {
    log.error({ id: problem.logId, method: request.method, err: error }, 'request failed');
  }
  const answer = problemResponse(problem.status, problem.message);
  if (response) {
    if (response.headersSent || response.destroyed) response.destroy();
    else {
      // A body we did not read to its end would be taken for the next request.
      const headers: Headers = request.complete ? common : { ...common, Connection: 'close' };
      const rest = request.complete ? undefined : () => drainRequest(request);
      await sendResponse(response, answer, headers, request.method === 'HEAD', rest).catch(() => response.destroy());
    }
  } else if (socket && !socket.destroyed) {
    if (taken || !socket.writable) socket.destroy();
    else await sendRaw(socket, answer, common).catch(() => socket.destroy());
  }
  return problem.status;
}

function problemResponse(status: number, message: string): Exclude<DockerResponse, { kind: 'hijacked' }> {
  return status === 304 ? { kind: 'empty', status: 304 } : { kind: 'json', status, body: { message } };
}

/** The client left while we streamed to it: not a defect. */
function isDisconnect(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return (
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    code === 'ERR_STREAM_DESTROYED'
  );
}
