import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { EngineError } from '#core/errors.ts';
import { MAX_JSON_BYTES } from './json-body.ts';

/** A client has this long to send the body of a request that takes the connection over. */
const RAW_BODY_TIMEOUT_MS = 30_000;

type Step = { done: false } | { done: true; body: Buffer; rest: Buffer };
type Feed = (chunk: Buffer) => Step;

/**
 * Reads the body of an upgrade request from the connection itself: the HTTP
 * parser hands the connection over after the headers and does not read it.
 * `head` is what came in the same packet. What follows the body is put back,
 * so that the next reader of the socket sees it first.
 * @throws EngineError invalid_argument (bad framing), too_large, cancelled.
 */
export function readRawBody(socket: Duplex, head: Buffer, headers: IncomingHttpHeaders): Promise<Buffer> {
  const feed = headers['transfer-encoding'] ? chunkedFeed() : lengthFeed(headers['content-length']);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(new EngineError('invalid_argument', 'the request body did not arrive in time')),
      RAW_BODY_TIMEOUT_MS,
    );
    const finish = (result: Buffer | Error) => {
      clearTimeout(timer);
      socket.removeListener('readable', onReadable);
      socket.removeListener('end', onGone);
      socket.removeListener('close', onGone);
      // A 'readable' listener leaves the stream paused for good; the next reader starts it as it likes.
      (socket as { readableFlowing: boolean | null }).readableFlowing = null;
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const onGone = () => finish(new EngineError('cancelled', 'the client went away while it sent its request'));
    const take = (chunk: Buffer): boolean => {
      try {
        const step = feed(chunk);
        if (!step.done) return false;
        // In the same turn as the read: later the stream may have ended, and nothing can be put back.
        if (step.rest.length > 0) socket.unshift(step.rest);
        finish(step.body);
      } catch (error) {
        finish(error as Error);
      }
      return true;
    };
    const onReadable = () => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) if (take(chunk)) return;
    };
    if (take(head)) return;
    socket.on('end', onGone);
    socket.on('close', onGone);
    socket.on('readable', onReadable);
  });
}

const tooLarge = () => new EngineError('too_large', `request body is larger than ${MAX_JSON_BYTES} bytes`);

function lengthFeed(header: string | undefined): Feed {
  if (header !== undefined && !/^\d{1,15}$/.test(header))
    throw new EngineError('invalid_argument', 'malformed Content-Length header');
  const length = Number(header ?? 0);
  if (length > MAX_JSON_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  return (chunk) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size < length) return { done: false };
    const all = Buffer.concat(chunks, size);
    return { done: true, body: all.subarray(0, length), rest: all.subarray(length) };
  };
}

/** RFC 9112 section 7.1, without extensions and trailers: nobody sends them here. */
function chunkedFeed(): Feed {
  let pending: Buffer = Buffer.alloc(0);
  const chunks: Buffer[] = [];
  let size = 0;
  const bad = () => new EngineError('invalid_argument', 'malformed chunked request body');
  return (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const lineEnd = pending.indexOf('\r\n');
      if (lineEnd < 0) {
        if (pending.length > 16) throw bad();
        return { done: false };
      }
      const line = pending.toString('latin1', 0, lineEnd);
      if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw bad();
      const length = Number.parseInt(line, 16);
      if (size + length > MAX_JSON_BYTES) throw tooLarge();
      const end = lineEnd + 2 + length;
      if (pending.length < end + 2) return { done: false };
      if (pending.toString('latin1', end, end + 2) !== '\r\n') throw bad();
      if (length === 0) return { done: true, body: Buffer.concat(chunks, size), rest: pending.subarray(end + 2) };
      chunks.push(pending.subarray(lineEnd + 2, end));
      size += length;
      pending = pending.subarray(end + 2);
    }
  };
}
