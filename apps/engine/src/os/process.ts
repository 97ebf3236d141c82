import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { EngineError } from '#core/errors.ts';
import { canSpawn, spawnProgram, withPublicMask } from './spawn.ts';

/**
 * The one place that starts programs. Argument arrays only, never a shell; a
 * fixed small environment, so that nothing of the engine's own (secrets,
 * proxies, NODE_OPTIONS) reaches a child; descriptors beyond those asked for
 * are closed on exec by Node. Every child gets a session of its own: Ctrl-C in
 * the engine's terminal does not reach it, and a kill takes its helpers along.
 */

const BASE_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

/** Debian's package for each program, to say what to install. Others have the name of their program. */
const PACKAGES: Readonly<Record<string, string>> = {
  'aardvark-dns': 'aardvark-dns',
  busybox: 'busybox-static',
  catatonit: 'catatonit',
  conntrack: 'conntrack',
  ip: 'iproute2',
  modprobe: 'kmod',
  mount: 'mount',
  nft: 'nftables',
  nsenter: 'util-linux',
  ps: 'procps',
  sysctl: 'procps',
  umount: 'mount',
  unshare: 'util-linux',
  xz: 'xz-utils',
};

/** Bytes of stdout, and of stderr, that `run` keeps when the caller names no bound. */
const DEFAULT_MAX_OUTPUT = 4 * 1024 * 1024;
/** Characters of a program's stderr that may enter an error. */
const STDERR_IN_ERROR = 2048;

export type RunOptions = {
  input?: string | Uint8Array;
  /** Milliseconds, then SIGKILL to the program's whole session. */
  timeout?: number;
  signal?: AbortSignal;
  /** Added to the fixed environment. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Bytes kept of stdout and of stderr each; the rest is read and dropped. */
  maxOutput?: number;
};

export type RunResult = {
  /** Exit code; 128 + signal number when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
  /** True when output was dropped because of `maxOutput`. */
  truncated: boolean;
};

export type Exit = { code: number; signal: NodeJS.Signals | null };

export type StdioKind = 'pipe' | 'ignore' | 'inherit' | number;

export type StartOptions = {
  env?: Readonly<Record<string, string>>;
  /** Without the fixed environment below `env`. */
  bareEnv?: boolean;
  cwd?: string;
  /** Index = descriptor in the child. A number is a descriptor of the engine. Default: three pipes. */
  stdio?: readonly StdioKind[];
  /** The child does not keep the engine alive. */
  unref?: boolean;
};

export type Child = {
  readonly pid: number;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** One entry per descriptor; null where it is not a pipe. */
  readonly fds: readonly (Readable | Writable | null)[];
  /** Signal to the child's whole session; false when it is gone. Default SIGKILL. */
  kill(signal?: NodeJS.Signals | number): boolean;
  /** The process ended (its pipes may still hold data). */
  readonly exited: Promise<Exit>;
  /** The process ended and all its pipes are closed. */
  readonly closed: Promise<Exit>;
};

/** `unavailable` when the program is missing, `internal` when it cannot be started. */
function spawnError(file: string, cause: unknown): EngineError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (code === 'ENOENT' || code === 'EACCES') {
    return new EngineError(
      'unavailable',
      `the program "${name}" is missing on this host: install the package "${PACKAGES[name] ?? name}"`,
      { cause, details: { program: name, package: PACKAGES[name] ?? name } },
    );
  }
  return new EngineError('internal', `cannot start ${name}: ${code ?? 'unknown error'}`, { cause });
}

const exitOf = (code: number | null, signal: NodeJS.Signals | null): Exit => ({
  code: code ?? 128 + (signal ? (constants.signals[signal] ?? 0) : 0),
  signal,
});

/** A negative pid names the process group, which setsid made equal to the pid. */
function killSession(child: ChildProcess, signal: NodeJS.Signals | number): boolean {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    // ESRCH between its setsid and our signal: the process alone is still ours.
    return child.kill(signal);
  }
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, value]) => [value, name as NodeJS.Signals]));

/** `start` on the main thread; see spawn.ts. */
function startDirectly(file: string, args: readonly string[], options: StartOptions): Child {
  let spawned: ReturnType<typeof spawnProgram>;
  try {
    spawned = spawnProgram({
      file,
      args,
      env: options.bareEnv ? { ...options.env } : { ...BASE_ENV, ...options.env },
      cwd: options.cwd,
      stdio: options.stdio ?? ['pipe', 'pipe', 'pipe'],
      unref: options.unref === true,
    });
  } catch (error) {
    throw spawnError(file, error);
  }
  const { pid, pipes, lives } = spawned;
  const [stdin = null, stdout = null, stderr = null] = pipes;
  const exited = spawned.exited.then(({ code, signal }) =>
    exitOf(code, signal === null ? null : (signalNames.get(signal) ?? null)),
  );
  // Whatever waits to be written has nobody to read it.
  exited.then(() => stdin?.destroy());
  const ended = pipes.map((pipe) => pipe && new Promise((resolve) => pipe.once('close', resolve)));
  const closed = Promise.all([exited, ...ended]).then(([exit]) => exit);
  // The caller listens where it matters; a pipe nobody listens to must not end the engine.
  for (const pipe of pipes) pipe?.on('error', () => undefined);
  const kill = (signal: NodeJS.Signals | number = 'SIGKILL'): boolean => {
    if (!lives()) return false;
    try {
      return process.kill(-pid, signal);
    } catch {
      return false;
    }
  };
  return { pid, stdin, stdout, stderr, fds: pipes, kill, exited, closed };
}

/**
 * Starts a long-lived program. Rejects with `unavailable` when it is missing.
 * The caller reads or destroys every pipe it asked for.
 */
export async function start(file: string, args: readonly string[], options: StartOptions = {}): Promise<Child> {
  if (canSpawn) return startDirectly(file, args, options);
  const spawnOptions: SpawnOptions = {
    env: options.bareEnv ? { ...options.env } : { ...BASE_ENV, ...options.env },
    cwd: options.cwd,
    stdio: [...(options.stdio ?? ['pipe', 'pipe', 'pipe'])],
    shell: false,
    detached: true,
  };
  let child: ChildProcess;
  try {
    child = withPublicMask(() => spawn(file, [...args], spawnOptions));
  } catch (error) {
    throw spawnError(file, error);
  }
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve(exitOf(code, signal))));
  const closed = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve(exitOf(code, signal))));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', () => resolve());
    child.once('error', (error) => reject(spawnError(file, error)));
  });
  child.on('error', () => undefined); // after the start only a failed kill() reports here, and kill() says so itself
  if (options.unref) child.unref();
  return {
    pid: child.pid!,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    fds: child.stdio as (Readable | Writable | null)[],
    kill: (signal = 'SIGKILL') => killSession(child, signal),
    exited,
    closed,
  };
}

/** Keeps the first `max` bytes of a stream and drops the rest without stalling the writer. */
function collect(stream: Readable, max: number): { text(): string; truncated(): boolean } {
  const chunks: Buffer[] = [];
  let size = 0;
  let dropped = false;
  stream.on('data', (chunk: Buffer) => {
    const room = max - size;
    if (chunk.length > room) dropped = true;
    if (room <= 0) return;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    size += Math.min(room, chunk.length);
  });
  stream.on('error', () => {
    dropped = true;
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), truncated: () => dropped };
}

/**
 * Runs a program to its end. A non-zero code is a result, not an error.
 * Errors: `unavailable` (program missing), `cancelled` (signal), `internal`
 * (timeout, or it could not be started).
 */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal } = options;
  if (signal?.aborted) throw new EngineError('cancelled', `${file} was cancelled`, { cause: signal.reason });
  const stdin = options.input === undefined ? 'ignore' : 'pipe';
  const child = await start(file, args, { env: options.env, cwd: options.cwd, stdio: [stdin, 'pipe', 'pipe'] });
  const max = options.maxOutput ?? DEFAULT_MAX_OUTPUT;
  const out = collect(child.stdout!, max);
  const err = collect(child.stderr!, max);
  if (child.stdin) {
    child.stdin.on('error', () => undefined); // EPIPE: it ended without reading all; its exit code tells
    child.stdin.end(options.input);
  }
  let timedOut = false;
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          child.kill();
        }, options.timeout);
  const onAbort = () => void child.kill();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    const { code } = await child.closed;
    const name = file.slice(file.lastIndexOf('/') + 1);
    if (timedOut) throw new EngineError('internal', `${name} did not finish within ${options.timeout} ms`);
    if (signal?.aborted) throw new EngineError('cancelled', `${name} was cancelled`, { cause: signal.reason });
    return { code, stdout: out.text(), stderr: err.text(), truncated: out.truncated() || err.truncated() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** A program's stderr fit for a message: no control characters, bounded from the end, where the reason stands. */
export function tidyStderr(stderr: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  const text = stderr.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').trim();
  return text.length > STDERR_IN_ERROR ? `…${text.slice(-STDERR_IN_ERROR)}` : text;
}

/** `run`, where a non-zero code or dropped output is an error: `internal` with bounded stderr. Gives stdout. */
export async function runOk(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const result = await run(file, args, options);
  const name = file.slice(file.lastIndexOf('/') + 1);
  if (result.code !== 0) {
    const reason = tidyStderr(result.stderr) || `exit code ${result.code}`;
    throw new EngineError('internal', `${name}: ${reason}`, { details: { program: name, exitCode: result.code } });
  }
  if (result.truncated) throw new EngineError('internal', `${name} printed more than the engine takes`);
  return result.stdout;
}
