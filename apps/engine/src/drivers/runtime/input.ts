import { closeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { EngineError } from '#core/errors.ts';
import { ATTACH_PACKET, attachEnd, attachInput, attachSend } from '#os/conmon.ts';

/** Wait for room in conmon's socket: first, and at most; milliseconds. Only a process that does not read makes us wait. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 20;

/**
 * Input of a container's main process as a stream. It may be opened before the
 * process starts; back-pressure reaches the writer, never the container.
 * Ending it is end of file for the process where conmon was told so.
 */
export function openInput(bundle: string): Writable {
  let fd = attachInput(bundle);
  let timer: NodeJS.Timeout | undefined;

  const sendFrom = (chunk: Buffer, offset: number, wait: number, done: (error?: Error | null) => void): void => {
    for (let at = offset; at < chunk.length; ) {
      const packet = chunk.subarray(at, at + ATTACH_PACKET);
      const result = fd < 0 ? 'closed' : attachSend(fd, packet);
      if (result === 'closed') {
        done(new EngineError('conflict', 'the container does not take input any more'));
        return;
      }
      if (result === 'full') {
        const next = at === offset ? Math.min(wait * 2, LONGEST_WAIT) : FIRST_WAIT;
        timer = setTimeout(() => sendFrom(chunk, at, next, done), wait);
        return;
      }
      at += packet.length;
    }
    done();
  };

  return new Writable({
    highWaterMark: 64 * 1024,
    write(chunk: Buffer, _encoding, done) {
      sendFrom(chunk, 0, FIRST_WAIT, done);
    },
    final(done) {
      if (fd >= 0) attachEnd(fd);
      done();
    },
    destroy(error, done) {
      clearTimeout(timer);
      if (fd >= 0) closeSync(fd);
      fd = -1;
      done(error);
    },
  });
}
