import { Readable } from 'node:stream';
import type { DockerResponse } from '#api/http/route.ts';
import type { BuildOutput } from '#core/build/request.ts';
import { isEngineError } from '#core/errors.ts';
import { progressLine } from './images-to-docker.ts';

/** Bytes waiting for a slow client; above it a build waits, too. */
const BACKLOG = 256 * 1024;

/** stderr of a step in red, as the classic builder marks it. */
const red = (text: string): string => `\u001b[91m${text}\u001b[0m`;

type Work = (output: BuildOutput) => Promise<string>;

/**
 * A build as Docker's stream of JSON lines. Until the first word an error is a plain answer; after that the last line.
 * Quietly, nothing but the id is said, and on failure all that was held back.
 */
export function buildStream(
  work: Work,
  options: { quiet: boolean; onError: (error: unknown) => void },
): Promise<DockerResponse> {
  let wake: () => void = () => undefined;
  const body = new Readable({
    highWaterMark: BACKLOG,
    read: () => wake(),
    destroy(error, done) {
      wake();
      done(error);
    },
  });
  return new Promise((resolve, reject) => {
    let isBegun = false;
    const held: string[] = [];
    const push = (line: object): boolean => {
      if (!isBegun) {
        isBegun = true;
        resolve({ kind: 'stream', contentType: 'application/json', body });
      }
      return body.destroyed || body.push(`${JSON.stringify(line)}\r\n`);
    };
    const write = async (line: object): Promise<void> => {
      if (push(line)) return;
      await new Promise<void>((drained) => {
        wake = drained;
      });
    };
    const say = async (text: string): Promise<void> => {
      if (!options.quiet) return write({ stream: text });
      held.push(text);
      // Only the end is shown, should it fail.
      if (held.length > 1000) held.splice(0, held.length - 1000);
    };
    const output: BuildOutput = {
      text: say,
      warning: (text) => say(red(text)),
      progress(message) {
        if (options.quiet || (message.current !== undefined && body.readableLength > BACKLOG)) return;
        push(progressLine(message));
      },
      image: (id) => write({ aux: { ID: id } }),
    };
    const fail = (error: unknown) => {
      if (!isBegun && held.length === 0) return reject(error);
      if (!isEngineError(error)) options.onError(error);
      const message = isEngineError(error) ? error.message : 'internal error';
      const code = isEngineError(error) ? error.details?.exitCode : undefined;
      for (const text of held) push({ stream: text });
      push({ errorDetail: { ...(typeof code === 'number' && { code }), message }, error: message });
      body.push(null);
    };
    work(output).then((id) => {
      if (options.quiet) push({ stream: `${id}\n` });
      body.push(null);
    }, fail);
  });
}
