import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { lingerThenDestroy } from './linger.ts';
import type { DockerResponse } from './route.ts';

export type Headers = Readonly<Record<string, string>>;
type Sendable = Exclude<DockerResponse, { kind: 'hijacked' }>;

/** The bytes and type of a response that is not a stream; Docker ends its JSON with a line feed. */
function fixedBody(answer: Exclude<Sendable, { kind: 'stream' }>): {
  status: number;
  type: string | null;
  body: Buffer;
} {
  if (answer.kind === 'json') {
    const body = Buffer.from(`${JSON.stringify(answer.body)}\n`);
    return { status: answer.status ?? 200, type: 'application/json', body };
  }
  if (answer.kind === 'text') {
    return { status: answer.status ?? 200, type: 'text/plain; charset=utf-8', body: Buffer.from(answer.body) };
  }
  return { status: answer.status, type: null, body: Buffer.alloc(0) };
}

/**
 * Sends an answer. A stream's headers go out at once; it is then piped with
 * back-pressure, destroyed when the client goes, and when it fails half-way
 * the connection is cut so that the client cannot take it for complete.
 * `beforeEnd` runs when a fixed answer is out and before the connection may end.
 */
export async function sendResponse(
  response: ServerResponse,
  answer: Sendable,
  common: Headers,
  head: boolean,
  beforeEnd?: () => Promise<void>,
): Promise<void> {
  if (response.destroyed) {
    if (answer.kind === 'stream') answer.body.destroy();
    return;
  }
  if (answer.kind === 'stream') {
    response.writeHead(answer.status ?? 200, { ...common, 'Content-Type': answer.contentType, ...answer.headers });
    if (head) {
      answer.body.destroy();
      response.end();
      return;
    }
    response.flushHeaders();
    await pipeline(answer.body, response);
    return;
  }
  const { status, type, body } = fixedBody(answer);
  const bodiless = status === 204 || status === 304;
  response.writeHead(status, {
    ...common,
    ...(type !== null && !bodiless ? { 'Content-Type': type } : {}),
    ...(bodiless ? {} : { 'Content-Length': String(body.length) }),
    ...answer.headers,
  });
  const content = head || bodiless ? undefined : body;
  if (beforeEnd) {
    if (content) response.write(content);
    else response.flushHeaders();
    await beforeEnd();
    response.end();
  } else response.end(content);
}

/** The same on a connection that was taken from the HTTP server: one answer, then the connection ends. */
export async function sendRaw(socket: Duplex, answer: Sendable, common: Headers): Promise<void> {
  socket.once('finish', () => lingerThenDestroy(socket));
  if (answer.kind === 'stream') {
    const headers = { ...common, 'Content-Type': answer.contentType, ...answer.headers, Connection: 'close' };
    socket.write(rawHead(answer.status ?? 200, headers));
    await pipeline(answer.body, socket);
    return;
  }
  const { status, type, body } = fixedBody(answer);
  const bodiless = status === 204 || status === 304;
  const head = rawHead(status, {
    ...common,
    ...(type !== null && !bodiless ? { 'Content-Type': type } : {}),
    ...(bodiless ? {} : { 'Content-Length': String(body.length) }),
    ...answer.headers,
    Connection: 'close',
  });
  socket.end(bodiless ? head : Buffer.concat([Buffer.from(head, 'latin1'), body]));
}

export function rawHead(status: number, headers: Headers, reason = STATUS_CODES[status] ?? ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, ' ')}\r\n`);
  return `HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n`;
}
