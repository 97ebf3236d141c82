import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, Writable } from 'node:stream';
import type { ExecProcess, ExecRequest } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { allProcesses, processTree, signalProcess } from '#os/proc.ts';
import { type Child, start } from '#os/process.ts';
import { openPty, type Pty, type Size } from '#os/pty.ts';
import type { OciRuntime } from '#os/runc.ts';
import { resizeTerminalOf } from '#os/terminal-size.ts';
import type { Live } from './bundle.ts';
import { capabilitySets } from './capabilities.ts';
import type { OciProcess } from './oci.ts';
import { environment } from './spec.ts';
import { type ContainerUser, lookUpUser } from './users.ts';
import { execFailure } from './words.ts';

/**
 * One more process in a container: `runtime exec` as our child. Everything the
 * process is (user, capabilities, limits, environment) stands in a file that we
 * write, so that nothing comes from the runtime's own defaults. The pid file
 * tells that the process runs; what the runtime printed until then is its
 * error text and not the process's output.
 */

export type ExecDeps = {
  /** The one that made the container. */
  runtimeOf(id: string): OciRuntime;
  /** Directory for process and pid files. */
  directory: string;
  capabilities: readonly string[];
  /** Calls back once when a file of this name appears in the directory. */
  onFile(name: string, listener: () => void): () => void;
};

/** A process that does not appear in this time never will (a FIFO where a file should be, a dead disk). */
const START_TIMEOUT = 30_000;
/** Of the runtime's error text. */
const MAX_ERROR = 64 * 1024;

/** Milliseconds in which a process that runs gets its terminal. */
const TERMINAL_WAIT = 1000;
/** Milliseconds from the runtime's end to the end of what it wrote. */
const LAST_WORDS = 500;

let counter = 0;

function userOf(live: Live, spec: string): ContainerUser {
  if (spec !== '') return lookUpUser(live.rootfs, spec, []);
  const { uid, gid, additionalGids = [] } = live.process.user;
  // The container's own user with its groups; only the home is looked up.
  const { home } = lookUpUser(live.rootfs, String(uid), []);
  return { uid, gid, additionalGids, home };
}

export function execProcess(live: Live, request: ExecRequest, available: readonly string[]): OciProcess {
  const user = userOf(live, request.user);
  const capabilities = request.privileged ? available : live.process.capabilities.bounding;
  const defaults = [`HOME=${user.home}`, ...live.process.env, ...(request.tty ? ['TERM=xterm'] : [])];
  return {
    ...live.process,
    terminal: request.tty,
    consoleSize: request.tty && request.size ? { height: request.size.rows, width: request.size.columns } : undefined,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: [...request.args],
    env: environment(defaults, request.env),
    cwd: request.cwd || live.process.cwd,
    capabilities: capabilitySets(capabilities, user.uid === 0),
    apparmorProfile: request.privileged ? undefined : live.process.apparmorProfile,
    oomScoreAdj: undefined,
  };
}

/** A process that the runtime left behind might hold the other end for ever. */
function finishedReading(source: Readable, done: (value?: unknown) => void): void {
  const timer = setTimeout(done, LAST_WORDS);
  for (const event of ['end', 'close']) source.once(event, () => done(clearTimeout(timer)));
}

/** Lets output through once the process runs; before, it keeps it back as the runtime's words. */
function gate(source: Readable): {
  out: PassThrough;
  open(): void;
  refuse(message: string): void;
  /** All that was kept back; complete when the source has ended, which a runtime that is gone did a moment ago. */
  held(): Promise<string>;
} {
  const out = new PassThrough();
  const held: Buffer[] = [];
  let size = 0;
  let decided = false;
  const keep = (chunk: Buffer) => {
    held.push(chunk);
    size += chunk.length;
    if (size > MAX_ERROR) source.pause();
  };
  source.on('data', keep);
  // A terminal closes without having ended.
  source.once('close', () => {
    if (decided && !out.writableEnded) out.end();
  });
  out.once('close', () => source.destroy());
  const decide = (): boolean => {
    if (decided) return false;
    decided = true;
    source.off('data', keep);
    return true;
  };
  return {
    out,
    open() {
      if (!decide()) return;
      for (const chunk of held) out.write(chunk);
      if (source.readableEnded || source.destroyed) out.end();
      else source.pipe(out);
    },
    refuse(message) {
      if (!decide()) return;
      source.resume();
      out.end(message);
    },
    async held() {
      const over = () => source.readableEnded || source.closed || size > MAX_ERROR;
      if (!over()) await new Promise((resolve) => finishedReading(source, resolve));
      return Buffer.concat(held).toString('utf8');
    },
  };
}

/**
 * The writing half of a terminal. Its end is not an end of file: a terminal has none but what is typed. What is typed
 * early waits until the terminal has the size that was asked for before.
 */
function terminalInput(master: Writable, ready: Promise<void>): Writable {
  return new Writable({
    async write(chunk: Buffer, encoding, done) {
      await ready;
      if (master.destroyed) done();
      else master.write(chunk, encoding, () => done());
    },
  });
}

/** SIGKILL to a process, its session and its descendants, until none is left. */
function killTree(pid: number): void {
  for (let round = 0; round < 5; round += 1) {
    const processes = allProcesses();
    const doomed = new Set(processTree(pid, processes));
    for (const each of processes)
      if (each.session === pid) for (const p of processTree(each.pid, processes)) doomed.add(p);
    const alive = processes.filter((each) => doomed.has(each.pid) && each.state !== 'Z');
    if (alive.length === 0) return;
    for (const each of alive) signalProcess(each.pid, 'SIGKILL');
  }
}

type Ends = { stdin: Writable | null; stdout: Readable; stderr: Readable | null; pty: Pty | null; child: Child };

async function spawn(path: string, args: string[], request: ExecRequest, ready: Promise<void>): Promise<Ends> {
  if (!request.tty) {
    const child = await start(path, args, { stdio: [request.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
    return { stdin: child.stdin, stdout: child.stdout!, stderr: child.stderr, pty: null, child };
  }
  const pty = openPty(request.size);
  try {
    const child = await start(path, args, { stdio: [pty.slave, pty.slave, pty.slave] });
    return {
      stdin: request.stdin ? terminalInput(pty.master, ready) : null,
      stdout: pty.master,
      stderr: null,
      pty,
      child,
    };
  } catch (error) {
    pty.master.destroy();
    throw error;
  } finally {
    pty.closeSlave();
  }
}

const readPid = (path: string): number => {
  try {
    return Number(readFileSync(path, 'latin1')) || 0;
  } catch {
    return 0;
  }
};

/** All that was written has been handed over, whether it was read or not; or the reader left. */
const finished = (stream: PassThrough | null): Promise<void> =>
  stream === null || stream.writableFinished || stream.closed
    ? Promise.resolve()
    : new Promise((resolve) => {
        stream.once('finish', () => resolve());
        stream.once('close', () => resolve());
      });

/** The process's end is told when its output is complete, also to those who do not read all of it. */
function passOn(source: Readable): PassThrough {
  const out = new PassThrough();
  out.once('close', () => source.destroy());
  return source.pipe(out);
}

export async function exec(
  deps: ExecDeps,
  live: Live,
  request: ExecRequest,
  options: { signal?: AbortSignal } = {},
): Promise<ExecProcess> {
  if (options.signal?.aborted) throw new EngineError('cancelled', 'the exec was cancelled');
  counter += 1;
  const name = `${process.pid}-${counter}`;
  const processFile = join(deps.directory, `${name}.json`);
  const pidFile = join(deps.directory, `${name}.pid`);
  await writeFile(processFile, JSON.stringify(execProcess(live, request, deps.capabilities)), { mode: 0o600 });
  const clean = () => Promise.all([rm(processFile, { force: true }), rm(pidFile, { force: true })]);
  const runtime = deps.runtimeOf(live.id);
  const { promise: ready, resolve: letIn } = Promise.withResolvers<void>();
  let ends: Ends;
  try {
    const { path, args } = runtime.command;
    ends = await spawn(
      path,
      [...args, 'exec', '--pid-file', pidFile, '--process', processFile, live.id],
      request,
      ready,
    );
  } catch (error) {
    await clean();
    throw error;
  }
  const { child, pty } = ends;
  // A terminal's end is told by EIO.
  pty?.master.on('error', () => pty.master.destroy());
  ends.stdin?.on('error', () => undefined);
  const watched = gate(pty ? ends.stdout : ends.stderr!);
  let pid = 0;
  let doomed = false;
  let over = false;
  let size: Size | undefined;
  let sizing: NodeJS.Timeout | undefined;
  const { promise: started, resolve: nowStarted, reject: neverStarted } = Promise.withResolvers<void>();
  // Most callers learn of a failure from the stream and the exit code.
  started.catch(() => undefined);
  /** The process has its number a moment before it has its terminal. */
  const setSize = (wanted: Size, until = Date.now() + TERMINAL_WAIT): void => {
    clearTimeout(sizing);
    if (resizeTerminalOf(pid, wanted) || over || Date.now() > until) letIn();
    else sizing = setTimeout(() => setSize(wanted, until), 5);
  };
  const begin = () => {
    pid ||= readPid(pidFile);
    if (pid === 0) return;
    nowStarted();
    clearTimeout(timer);
    watched.open();
    if (size) setSize(size);
    else if (!sizing) letIn();
    size = undefined;
    if (doomed) killTree(pid);
  };
  const forget = deps.onFile(`${name}.pid`, begin);
  const kill = (signal: number = 9) => {
    if (signal !== 9) {
      if (pid > 0) signalProcess(pid, signal);
      return;
    }
    doomed = true;
    if (pid > 0) killTree(pid);
    else child.kill();
  };
  const timer = setTimeout(() => kill(), START_TIMEOUT);
  const onAbort = () => kill();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  const stdout = pty ? watched.out : passOn(ends.stdout);
  const stderr = pty ? null : watched.out;
  const exited = (async () => {
    const { code } = await child.exited;
    over = true;
    begin();
    letIn();
    forget();
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    let exitCode = code;
    if (pid === 0) {
      const failure = doomed ? { message: '', exitCode: 137 } : execFailure(await watched.held(), request);
      exitCode = failure.exitCode;
      neverStarted(new EngineError('invalid_argument', failure.message || 'the exec was cancelled'));
      watched.refuse(failure.message && `${failure.message}\r\n`);
    } else if (doomed) killTree(pid);
    await Promise.all([finished(stdout), finished(stderr), clean()]);
    ends.stdin?.destroy();
    return { exitCode };
  })();
  return {
    get pid() {
      return pid;
    },
    started,
    stdin: ends.stdin,
    stdout,
    stderr,
    resize(wanted) {
      if (!pty) return;
      pty.resize(wanted);
      // Our end is not a controlling terminal: the kernel tells nobody. runc passes the size on when told to look; crun
      // does not, so the terminal inside is set.
      if (runtime.name === 'runc') child.kill('SIGWINCH');
      else if (pid === 0) size = wanted;
      else setSize(wanted);
    },
    kill,
    exited,
  };
}
