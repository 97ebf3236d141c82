import { Readable } from 'node:stream';
import type { DockerResponse } from '#api/http/route.ts';
import { isEngineError } from '#core/errors.ts';

/** Bytes waiting for a slow client, above which progress that the next message repeats is left out. */
const BACKLOG = 256 * 1024;

export type TellLine = (line: object, options?: { droppable?: boolean }) => void;

/**
 * Answers with a stream of JSON lines. Until `work` has told its first line its error is a plain answer; after that
 * the status is out, and the error is the last line. The answer begins with the first line, so that a status always
 * tells the truth.
 */
export function jsonLines(
  work: (tell: TellLine) => Promise<void>,
  options: { onError: (error: unknown) => void },
): Promise<DockerResponse> {
  const body = new Readable({ read() {} });
  return new Promise((resolve, reject) => {
    let isBegun = false;
    const write: TellLine = (line, { droppable = false } = {}) => {
      if (!isBegun) {
        isBegun = true;
        resolve({ kind: 'stream', contentType: 'application/json', body });
      }
      if (body.destroyed || (droppable && body.readableLength > BACKLOG)) return;
      body.push(`${JSON.stringify(line)}\r\n`);
    };
    const fail = (error: unknown) => {
      if (!isBegun) return reject(error);
      if (!isEngineError(error)) options.onError(error);
      const message = isEngineError(error) ? error.message : 'internal error';
      write({ errorDetail: { message }, error: message });
      body.push(null);
    };
    work(write).then(() => {
      if (!isBegun) {
        isBegun = true;
        resolve({ kind: 'stream', contentType: 'application/json', body });
      }
      body.push(null);
    }, fail);
  });
}
