import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { EngineError } from '#core/errors.ts';

/** Silence on a connection after which it is given up. */
const IDLE_MS = 60_000;
const REDIRECTS = 10;

export type Answer = {
  status: number;
  headers: IncomingMessage['headers'];
  /** Read it to its end or destroy it. */
  body: IncomingMessage;
  /** Where the answer came from, after redirects. */
  url: URL;
};

export type Call = {
  method?: string;
  headers?: Record<string, string>;
  body?: Buffer | Readable;
  signal?: AbortSignal;
  /** Redirects are given back as they are. */
  manual?: boolean;
};

export type HttpClient = { call(url: URL, call?: Call): Promise<Answer>; close(): void };

/** Failing to reach a server: may work a moment later. */
export class NetworkError extends Error {
  readonly code: string;
  constructor(message: string, code: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NetworkError';
    this.code = code;
  }
}

type SystemError = NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string };

/** What happened, in the words of Go's net package, which clients and people know. */
function describe(error: SystemError, url: URL): NetworkError {
  // With several addresses every attempt has its error; the last is that of the plainest address.
  const inner: SystemError =
    error instanceof AggregateError ? ((error.errors as SystemError[]).at(-1) ?? error) : error;
  const code = inner.code ?? error.code ?? '';
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const address = inner.address
    ? `${inner.address.includes(':') ? `[${inner.address}]` : inner.address}:${inner.port ?? port}`
    : url.host;
  const reasons: Record<string, string> = {
    ECONNREFUSED: `dial tcp ${address}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp ${address}: connect: no route to host`,
    ENETUNREACH: `dial tcp ${address}: connect: network is unreachable`,
    ETIMEDOUT: `dial tcp ${address}: i/o timeout`,
    ENOTFOUND: `dial tcp: lookup ${url.hostname}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${url.hostname}: temporary failure in name resolution`,
    ECONNRESET: 'read: connection reset by peer',
    EPIPE: 'write: broken pipe',
  };
  const isTls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code);
  const reason =
    reasons[code] ??
    (isTls ? `tls: failed to verify certificate or connection (${code})` : `${code || 'connection failed'}`);
  return new NetworkError(reason, isTls ? 'TLS' : code, { cause: error });
}

/** Go's form of an error about a request: `Get "http://host/v2/": reason`. Queries may carry credentials and are cut. */
export function requestError(method: string, url: URL, error: NetworkError): EngineError {
  const verb = method.charAt(0) + method.slice(1).toLowerCase();
  return new EngineError('unavailable', `${verb} "${url.origin}${url.pathname}": ${error.message}`, { cause: error });
}

export function createHttpClient(): HttpClient {
  const options = { keepAlive: true, maxSockets: 8, timeout: IDLE_MS };
  const http = new HttpAgent(options);
  const https = new HttpsAgent({ ...options, minVersion: 'TLSv1.2' });

  const once = (url: URL, call: Call): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', headers = {}, body, signal } = call;
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const agent = url.protocol === 'https:' ? https : http;
      const request = send(url, {
        method,
        headers: { 'User-Agent': 'gantry', ...headers },
        agent,
        signal,
        timeout: IDLE_MS,
      });
      let isAnswered = false;
      request.once('response', (response) => {
        isAnswered = true;
        response.setTimeout(IDLE_MS, () => response.destroy(new NetworkError('i/o timeout', 'ETIMEDOUT')));
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, url });
      });
      request.once('timeout', () => request.destroy(new NetworkError('i/o timeout', 'ETIMEDOUT')));
      request.on('error', (error) => {
        if (isAnswered) return;
        if (signal?.aborted) reject(new EngineError('cancelled', 'the request was cancelled', { cause: error }));
        else reject(error instanceof NetworkError ? error : describe(error, url));
      });
      if (body === undefined || Buffer.isBuffer(body)) {
        request.end(body);
      } else {
        body.once('error', (error) => request.destroy(error));
        request.once('close', () => body.destroy());
        body.pipe(request);
      }
    });

  return {
    async call(first, call = {}) {
      let url = first;
      let headers = call.headers ?? {};
      for (let hop = 0; ; hop += 1) {
        const answer = await once(url, { ...call, headers });
        const { location } = answer.headers;
        const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
        if (call.manual || !isRedirect) return answer;
        answer.body.destroy();
        if (hop >= REDIRECTS) throw new EngineError('unavailable', `${url.host}: stopped after ${REDIRECTS} redirects`);
        const next = redirectTarget(url, location);
        // Credentials are for the server they were given for.
        if (next.origin !== url.origin) {
          headers = Object.fromEntries(
            Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)),
          );
        }
        url = next;
      }
    },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

function redirectTarget(from: URL, location: string): URL {
  const next = URL.parse(location, from.href);
  if (!next || !/^https?:$/.test(next.protocol))
    throw new EngineError('unavailable', `${from.host}: redirect to an address that is not http`);
  if (from.protocol === 'https:' && next.protocol === 'http:') {
    throw new EngineError('unavailable', `${from.host}: redirect from https to http refused`);
  }
  return next;
}

/** A small body as a whole. Errors: `too_large`; NetworkError when the connection breaks. */
export async function readBody(answer: Answer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer.body) {
      size += (chunk as Buffer).length;
      if (size > limit)
        throw new EngineError('too_large', `${answer.url.host}: the answer is larger than ${limit} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw error instanceof NetworkError ? error : describe(error as SystemError, answer.url);
  } finally {
    answer.body.destroy();
  }
  return Buffer.concat(chunks, size);
}
