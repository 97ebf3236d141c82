import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EngineError } from '#core/errors.ts';
import { errnoError, lastErrno, libc } from './libc.ts';
import { allProcesses, procCommandLine, processTree, procStat, signalProcess } from './proc.ts';
import { start, tidyStderr } from './process.ts';

/**
 * conmon, the parent of every container: it runs `runtime create`, keeps the
 * container's stdio and terminal, writes its log and its exit code, and
 * outlives the engine. In the bundle it makes `attach` (a SOCK_SEQPACKET
 * socket), `ctl` (a FIFO for resize and log reopening) and the pid files.
 */

export type ConmonOptions = {
  id: string;
  bundle: string;
  /** Absolute path of runc or crun and its global arguments. */
  runtime: string;
  runtimeArgs: readonly string[];
  /** Where the exit code appears as a file named by the id. */
  exitDir: string;
  logPath: string;
  terminal: boolean;
  /** Keeps a pipe (or the terminal) for the process's input. */
  stdin: boolean;
  /** False: the first attached input that ends closes the process's stdin. */
  leaveStdinOpen: boolean;
};

export const conmonPidFile = (bundle: string): string => `${bundle}/conmon.pid`;
export const containerPidFile = (bundle: string): string => `${bundle}/pidfile`;

/** The one line that conmon writes when `create` is done: a pid, or -1 and what the runtime printed. */
type SyncMessage = { data: number; message?: string };

/** A runtime error may be long (a whole stack of wrapped ones), never endless. */
const MAX_SYNC = 256 * 1024;

function argumentsOf(options: ConmonOptions): string[] {
  const args = ['--api-version', '1', '-c', options.id, '-u', options.id, '-r', options.runtime];
  args.push('-b', options.bundle, '-p', containerPidFile(options.bundle), '-P', conmonPidFile(options.bundle));
  args.push('--exit-dir', options.exitDir, '-l', `k8s-file:${options.logPath}`);
  // The attach socket lies in the bundle itself; the exit is not delayed by an fsync of the log.
  args.push('--full-attach', '--no-sync-log');
  for (const argument of options.runtimeArgs) args.push('--runtime-arg', argument);
  if (options.terminal) args.push('-t');
  if (options.stdin) args.push('-i');
  if (options.leaveStdinOpen) args.push('--leave-stdin-open');
  return args;
}

function readSync(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.includes('\n') || text.length > MAX_SYNC) resolve(text);
    });
    stream.on('close', () => resolve(text));
    stream.on('error', () => resolve(text));
  });
}

/**
 * Starts conmon, which creates the container. Resolves with the host pid of the
 * container's process, which waits on its exec FIFO. Errors: `unavailable`
 * (conmon missing), `cancelled`, `internal` with the runtime's own words in
 * `details.runtimeMessage`. On error no conmon or runtime process is left.
 */
export async function conmonCreate(
  options: ConmonOptions,
  limits: { timeout: number; signal?: AbortSignal },
): Promise<number> {
  if (limits.signal?.aborted) throw new EngineError('cancelled', 'creating the container was cancelled');
  const child = await start('conmon', argumentsOf(options), {
    env: { _OCI_SYNCPIPE: '3', TZ: 'UTC' },
    // Where it makes the file `oom` when the kernel ran out of memory for the container.
    cwd: options.bundle,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    unref: true,
  });
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < 8192) stderr += chunk.toString('utf8');
  });
  const sync = child.fds[3] as Readable;
  let stop: (reason: EngineError) => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const timer = setTimeout(() => {
    stop(new EngineError('internal', `creating the container did not finish within ${limits.timeout / 1000} seconds`));
  }, limits.timeout);
  const onAbort = () => stop(new EngineError('cancelled', 'creating the container was cancelled'));
  limits.signal?.addEventListener('abort', onAbort, { once: true });
  if (limits.signal?.aborted) onAbort();
  try {
    const text = await Promise.race([readSync(sync), stopped]);
    return pidFrom(text, stderr);
  } catch (error) {
    child.kill();
    await killAll(options.bundle);
    throw error;
  } finally {
    clearTimeout(timer);
    limits.signal?.removeEventListener('abort', onAbort);
    sync.destroy();
    child.stderr?.destroy();
  }
}

function pidFrom(text: string, stderr: string): number {
  let message: SyncMessage | undefined;
  try {
    message = JSON.parse(text) as SyncMessage;
  } catch {
    message = undefined;
  }
  if (message && Number.isInteger(message.data) && message.data > 0) return message.data;
  const words = tidyStderr(message?.message ?? stderr) || 'conmon ended without a word';
  throw new EngineError('internal', `cannot create the container: ${words}`, { details: { runtimeMessage: words } });
}

export function readPidFile(path: string): number {
  try {
    const pid = Number(readFileSync(path, 'latin1').trim());
    return Number.isInteger(pid) && pid > 1 ? pid : 0;
  } catch {
    return 0;
  }
}

/** Kills the conmon of a bundle and what it started. Only a process that names the bundle is taken for it. */
export function killConmon(bundle: string): void {
  const pid = conmonPid(bundle);
  if (pid === 0) return;
  for (const each of processTree(pid)) signalProcess(each, 'SIGKILL');
}

const KILL_TIMEOUT = 2000;

const isGiven = (words: readonly string[], bundle: string): boolean =>
  words.some((word, i) => word === bundle && (words[i - 1] === '-b' || words[i - 1] === '--bundle'));

/**
 * For a conmon that may not have written its pid file: the conmon and the
 * runtime that were given this bundle, and their descendants, until they are
 * gone.
 */
async function killAll(bundle: string): Promise<void> {
  for (const until = Date.now() + KILL_TIMEOUT; Date.now() < until; await delay(2)) {
    const processes = allProcesses().filter(({ state }) => state !== 'Z');
    const named = processes.filter(({ pid }) => pid !== process.pid && isGiven(procCommandLine(pid), bundle));
    if (named.length === 0) return;
    for (const { pid } of named) for (const each of processTree(pid, processes)) signalProcess(each, 'SIGKILL');
  }
}

/** The pid of the bundle's conmon, 0 when it does not live. */
export function conmonPid(bundle: string): number {
  const pid = readPidFile(conmonPidFile(bundle));
  if (pid === 0) return 0;
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    return words[0]?.endsWith('conmon') && words.includes(bundle) ? pid : 0;
  } catch {
    return 0;
  }
}

/** Whether the process that the bundle's conmon watches lives: then there is no exit to wait for. */
export function conmonChildLives(bundle: string): boolean {
  const parent = conmonPid(bundle);
  const child = procStat(readPidFile(containerPidFile(bundle)));
  return parent !== 0 && child?.ppid === parent && child.state !== 'Z' && child.state !== 'X';
}

export type ExitFile = { exitCode: number; finishedAtNs: bigint };

/** The exit file: its content is the code, its modification time the moment. Null when there is none yet. */
export async function readExitFile(path: string): Promise<ExitFile | null> {
  try {
    const [text, info] = await Promise.all([readFile(path, 'latin1'), stat(path, { bigint: true })]);
    const exitCode = Number(text.trim());
    return text.trim() !== '' && Number.isInteger(exitCode) ? { exitCode, finishedAtNs: info.mtimeNs } : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** One line into conmon's control FIFO. `not_found` when no conmon listens. */
function control(bundle: string, line: string): void {
  let fd: number;
  try {
    // Without O_NONBLOCK a FIFO nobody reads would stop the engine.
    fd = openSync(`${bundle}/ctl`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new EngineError('not_found', 'the container is not running', { cause });
  }
  try {
    writeSync(fd, line);
  } finally {
    closeSync(fd);
  }
}

export const conmonResize = (bundle: string, rows: number, columns: number): void =>
  control(bundle, `1 ${rows} ${columns}\n`);

/** After the log file was renamed: conmon goes on in a new file of the old name. */
export const conmonReopenLog = (bundle: string): void => control(bundle, '2 0 0\n');

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SHUT_RD = 0;
const SHUT_WR = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** conmon reads at most this much of one packet. */
export const ATTACH_PACKET = 32 * 1024;

const ended = (cause?: unknown): EngineError =>
  new EngineError('conflict', 'the container does not run any more', { cause });

function openBundle(bundle: string): number {
  try {
    return openSync(bundle, constants.O_DIRECTORY | constants.O_RDONLY);
  } catch (cause) {
    throw ended(cause);
  }
}

/**
 * Connects to the attach socket for input only: with the reading side shut,
 * conmon never waits for us with the container's output, which the log has.
 */
export function attachInput(bundle: string): number {
  // The path of a socket holds 107 bytes; through the directory's descriptor any bundle fits.
  const directory = openBundle(bundle);
  try {
    const path = `/proc/self/fd/${directory}/attach`;
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2, 'latin1');
    const fd: number = libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw errnoError('open a socket', lastErrno());
    if (libc.connect(fd, address, 2 + path.length + 1) !== 0) {
      const errno = lastErrno();
      closeSync(fd);
      // conmon removes its socket when the container ends.
      if (errno === 'ENOENT' || errno === 'ECONNREFUSED') throw ended();
      throw errnoError('connect to the input of the container', errno);
    }
    libc.shutdown(fd, SHUT_RD);
    return fd;
  } finally {
    closeSync(directory);
  }
}

/** Sends one packet of at most ATTACH_PACKET bytes. `full`: try again later; `closed`: nobody reads any more. */
export function attachSend(fd: number, packet: Uint8Array): 'sent' | 'full' | 'closed' {
  if (libc.send(fd, packet, packet.length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 'sent';
  const errno = lastErrno();
  return errno === 'EAGAIN' || errno === 'ENOBUFS' || errno === 'EINTR' ? 'full' : 'closed';
}

/** Half-close: end of input for the process, unless conmon leaves stdin open. */
export function attachEnd(fd: number): void {
  libc.shutdown(fd, SHUT_WR);
}
