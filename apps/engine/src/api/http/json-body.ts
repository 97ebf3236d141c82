import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineError } from '#core/errors.ts';

/** Docker has no bound; a container specification is some kilobytes, and 8 MiB is what one request may hold in memory. */
export const MAX_JSON_BYTES = 8 * 1024 * 1024;
/** Deeper than any request of the API; a parser's recursion is never reached. */
const MAX_JSON_DEPTH = 64;
/** A client that sends its request this slowly is not one. */
const BODY_TIMEOUT_MS = 60_000;

/**
 * Reads and parses the JSON body of a request: undefined when it is empty.
 * @throws EngineError too_large (more than 8 MiB), unsupported_media (another content type), invalid_argument.
 */
export async function readJsonBody(body: Readable, headers: IncomingHttpHeaders): Promise<unknown> {
  const declared = Number(headers['content-length'] ?? 0);
  if (declared > MAX_JSON_BYTES) throw tooLarge();
  const bytes = await readBounded(body);
  return parseJson(bytes, headers['content-type']);
}

async function readBounded(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(
    () => body.destroy(new EngineError('invalid_argument', 'the request body did not arrive in time')),
    BODY_TIMEOUT_MS,
  );
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_JSON_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('cancelled', 'the client went away while it sent its request', { cause: error });
  } finally {
    clearTimeout(timer);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

const tooLarge = () => new EngineError('too_large', `request body is larger than ${MAX_JSON_BYTES} bytes`);

/** Parses one JSON value and nothing after it. */
export function parseJson(bytes: Buffer, contentType: string | undefined): unknown {
  if (bytes.length === 0) return undefined;
  checkContentType(contentType);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new EngineError('invalid_argument', 'invalid JSON: the body is not valid UTF-8', { cause });
  }
  if (text.trim() === '') return undefined;
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('invalid_argument', `invalid JSON: ${syntaxMessage(cause)}`, { cause });
  }
}

/** V8's message names the character and the position, and after them quotes the body: only the first part is ours to say. */
function syntaxMessage(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  if (/after JSON/.test(message)) return 'unexpected content after JSON';
  if (/end of JSON input|Unterminated/.test(message)) return 'unexpected end of JSON input';
  return /at position (\d+)/.exec(message)?.[0].replace(/^/, 'syntax error ') ?? 'syntax error';
}

function checkContentType(contentType: string | undefined): void {
  const value = contentType ?? '';
  const [type = '', ...parameters] = value.split(';');
  const name = type.trim().toLowerCase();
  if (value !== '' && !/^[!#$%&'*+.^_`|~0-9a-z-]+\/[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) {
    throw new EngineError('invalid_argument', `malformed Content-Type header (${value.slice(0, 200)})`);
  }
  if (parameters.some((parameter) => parameter.trim() !== '' && !/^\s*[^\s=;]+=[^;]+$/.test(parameter))) {
    throw new EngineError('invalid_argument', `malformed Content-Type header (${value.slice(0, 200)})`);
  }
  if (name !== 'application/json') {
    throw new EngineError(
      'unsupported_media',
      `unsupported Content-Type header (${value.slice(0, 200)}): must be 'application/json'`,
    );
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === 0x5c) index++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_JSON_DEPTH)
        throw new EngineError('invalid_argument', `invalid JSON: nested deeper than ${MAX_JSON_DEPTH}`);
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
}
