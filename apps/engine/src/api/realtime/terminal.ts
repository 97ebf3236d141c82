import type { Duplex } from 'node:stream';
import { LIVE_LIMITS } from '#contract/realtime.ts';
import { EngineError } from '#core/errors.ts';
import type { Dockerode } from './dockerode.ts';
import type { RequestOf } from './requests.ts';
import { findShells } from './shells.ts';

export type TerminalSink = {
  output(data: Buffer): void;
  exit(exitCode: number | null, reason: string): void;
};

export type Terminal = {
  readonly command: string[];
  readonly execId: string;
  input(data: string): void;
  ack(bytes: number): void;
  resize(columns: number, rows: number): void;
  /** Whether `exit` was told. */
  over(): boolean;
  /** Ends the process; `exit` is told with this reason. */
  close(reason: string): void;
};

export type TerminalOptions = {
  docker: Dockerode;
  request: RequestOf<'terminal:open'>;
  sink: TerminalSink;
  idleMs: number;
  /** Ends the process where the host can. */
  kill(execId: string): void;
};

/** Small writes of one moment travel together. */
const BATCH_BYTES = 32 * 1024;

/** A command with a terminal in a running container, for one client. */
export async function openTerminal(options: TerminalOptions): Promise<Terminal> {
  const { docker, request, sink } = options;
  const command = request.command ?? [await bestShell(docker, request.container)];
  const exec = await docker.getContainer(request.container).exec({
    Cmd: command,
    Tty: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Env: ['TERM=xterm-256color'],
    ...(request.user ? { User: request.user } : {}),
    ...(request.workingDir ? { WorkingDir: request.workingDir } : {}),
  });
  const size = { ConsoleSize: [request.rows, request.columns] };
  const stream: Duplex = await exec.start({ hijack: true, stdin: true, Tty: true, ...size });
  let over = false;

  const finish = (reason: string, exitCode: number | null): void => {
    if (over) return;
    over = true;
    idle.stop();
    sink.exit(exitCode, reason);
  };
  const close = (reason: string): void => {
    if (over) return;
    options.kill(exec.id);
    stream.end();
    stream.destroy();
    finish(reason, null);
  };
  const idle = createIdleTimer(options.idleMs, () => close('idle'));
  const flow = pace(stream, sink);

  stream.on('error', () => finish('lost', null));
  stream.once('close', () => {
    if (over) return;
    flow.flush();
    exec.inspect().then(
      ({ ExitCode, Running }) => {
        if (Running) options.kill(exec.id);
        finish(Running ? 'lost' : 'exit', Running ? null : ExitCode);
      },
      () => finish('lost', null),
    );
  });
  // A connection that only ended on the other side would otherwise stay half open.
  stream.once('end', () => stream.end());

  return {
    command,
    execId: exec.id,
    input(data) {
      idle.touch();
      if (!over && !stream.writableEnded) stream.write(data);
    },
    ack: flow.ack,
    over: () => over,
    resize(columns, rows) {
      // A size that comes too late, or for a process that has ended, changes nothing.
      exec.resize({ w: columns, h: rows }).catch(() => undefined);
    },
    close,
  };
}

async function bestShell(docker: Dockerode, container: string): Promise<string> {
  const [best] = await findShells(docker, container);
  if (best === undefined) {
    throw new EngineError('not_found', 'this container has no shell: give a command that exists in its image');
  }
  return best;
}

/** Output at the client's pace: beyond the window the connection is not read, and the process waits on its terminal. */
function pace(stream: Duplex, sink: TerminalSink) {
  let waiting: Buffer[] = [];
  let size = 0;
  let unacknowledged = 0;
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    if (size === 0) return;
    const data = waiting.length === 1 ? (waiting[0] as Buffer) : Buffer.concat(waiting);
    waiting = [];
    size = 0;
    unacknowledged += data.length;
    sink.output(data);
    if (unacknowledged >= LIVE_LIMITS.terminalWindowBytes) stream.pause();
  };
  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    size += chunk.length;
    if (size >= BATCH_BYTES) flush();
    else if (!scheduled) {
      scheduled = true;
      setImmediate(flush);
    }
  });
  return {
    flush,
    ack(bytes: number): void {
      unacknowledged = Math.max(0, unacknowledged - bytes);
      if (unacknowledged < LIVE_LIMITS.terminalWindowBytes / 2 && stream.isPaused()) stream.resume();
    },
  };
}

function createIdleTimer(milliseconds: number, expired: () => void) {
  const timer = setTimeout(expired, milliseconds).unref();
  return { touch: () => timer.refresh(), stop: () => clearTimeout(timer) };
}
