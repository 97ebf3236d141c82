import type { Readable } from 'node:stream';
import { LIVE_LIMITS, type LogLine, type LogsOpen } from '#contract/realtime.ts';
import { parseTimestamp } from '#lib/timestamp.ts';
import { type Dockerode, getStream, messageOf } from './dockerode.ts';
import { createLineParser } from './log-lines.ts';

/** Characters in one chunk: a message the browser takes in one go. */
const CHUNK_CHARACTERS = 256 * 1024;

export type LogSink = {
  chunk(seq: number, lines: LogLine[]): void;
  end(reason: 'end' | 'error', message?: string): void;
};

export type LogStream = {
  ack(seq: number): void;
  close(): void;
};

/**
 * A container's log to one client, at the client's pace: at most a window of chunks is on its way, then the host's
 * stream is not read until the client has taken some in. So the host's file is the buffer, not this process.
 */
export async function openLogStream(docker: Dockerode, request: LogsOpen, sink: LogSink): Promise<LogStream> {
  const container = docker.getContainer(request.container);
  const { Config, Id } = await container.inspect();
  const source = await getStream(docker, `/containers/${encodeURIComponent(Id)}/logs`, {
    stdout: true,
    stderr: true,
    timestamps: true,
    follow: request.follow,
    tail: request.tail,
    ...bound('since', request.since),
    ...bound('until', request.until),
  });
  const window = createWindow(LIVE_LIMITS.logWindowChunks);
  let closed = false;
  void send(source, createLineParser(!Config.Tty), window, sink, () => closed);
  return {
    ack: (seq) => window.ack(seq),
    close() {
      closed = true;
      source.destroy();
      window.close();
    },
  };
}

async function send(
  source: Readable,
  parser: ReturnType<typeof createLineParser>,
  window: Window,
  sink: LogSink,
  closed: () => boolean,
): Promise<void> {
  const give = async (lines: LogLine[]): Promise<void> => {
    for (const part of parts(lines)) {
      await window.open();
      if (closed()) return;
      sink.chunk(window.next(), part);
    }
  };
  try {
    for await (const chunk of source) {
      await give(parser.push(chunk as Buffer));
      if (closed()) return;
    }
    await give(parser.end());
    if (!closed()) sink.end('end');
  } catch (error) {
    if (!closed()) sink.end('error', messageOf(error).message);
  }
}

/** Chunks within the bounds of lines and characters. */
function* parts(lines: LogLine[]): Generator<LogLine[]> {
  let from = 0;
  let characters = 0;
  for (let index = 0; index < lines.length; index += 1) {
    const { length } = (lines[index] as LogLine).m;
    if (index > from && (index - from >= LIVE_LIMITS.logChunkLines || characters + length > CHUNK_CHARACTERS)) {
      yield lines.slice(from, index);
      from = index;
      characters = 0;
    }
    characters += length;
  }
  if (from < lines.length) yield lines.slice(from);
}

type Window = ReturnType<typeof createWindow>;

/** Counts chunks sent and taken in. */
function createWindow(size: number) {
  let sent = 0;
  let taken = 0;
  let closed = false;
  let wake: (() => void) | null = null;
  return {
    async open(): Promise<void> {
      while (sent - taken >= size && !closed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    next(): number {
      sent += 1;
      return sent;
    },
    ack(seq: number): void {
      taken = Math.max(taken, Math.min(seq, sent));
      wake?.();
    },
    close(): void {
      closed = true;
      wake?.();
    },
  };
}

/** Docker's API takes seconds with a fraction. */
function bound(name: 'since' | 'until', text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  const nano = parseTimestamp(text, BigInt(Date.now()) * 1_000_000n);
  if (nano === null || nano < 0n) return {};
  return { [name]: `${nano / 1_000_000_000n}.${(nano % 1_000_000_000n).toString().padStart(9, '0')}` };
}
