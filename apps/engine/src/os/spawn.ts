import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import koffi from 'koffi';
import type { StdioKind } from './process.ts';

/**
 * Starts programs by posix_spawn(3). Node's own spawn forks: the kernel then copies the page tables of the whole engine,
 * which takes 10 ms and more, and meanwhile nothing else happens. posix_spawn shares the memory until the program runs.
 *
 * Ends are told by SIGCHLD, a signal that Node only gives to the main thread; elsewhere Node's spawn is used.
 */
const lib = koffi.load('libc.so.6');
const posixSpawn = lib.func(
  'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)',
);
const actionsInit = lib.func('int posix_spawn_file_actions_init(_Out_ uint8_t *actions)');
const actionsDestroy = lib.func('int posix_spawn_file_actions_destroy(void *actions)');
const actionsDup2 = lib.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)');
const actionsChdir = lib.func('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)');
const attributesInit = lib.func('int posix_spawnattr_init(_Out_ uint8_t *attributes)');
const attributesFlags = lib.func('int posix_spawnattr_setflags(void *attributes, short flags)');
const attributesDefault = lib.func('int posix_spawnattr_setsigdefault(void *attributes, const void *set)');
const attributesMask = lib.func('int posix_spawnattr_setsigmask(void *attributes, const void *set)');
const sigfillset = lib.func('int sigfillset(void *set)');
const pipe2 = lib.func('int pipe2(_Out_ int *fds, int flags)');
const fcntl = lib.func('int fcntl(int fd, int command, int argument)');
const umask = lib.func('unsigned int umask(unsigned int mask)');
const waitpid = lib.func('int waitpid(int pid, _Out_ int *status, int options)');

/** Larger than glibc's posix_spawn_file_actions_t (80), posix_spawnattr_t (336) and sigset_t (128). */
const STRUCT_SIZE = 512;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const O_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
const WNOHANG = 1;
/** Descriptors of a child are below this, those they are copied from are not. */
const FIRST_SOURCE = 16;
/** Milliseconds. The signal tells at once; a look now and then is for one that was lost. */
const LOOK = 2000;

export const canSpawn = isMainThread;

export type SpawnRequest = {
  file: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd: string | undefined;
  stdio: readonly StdioKind[];
  /** Does not keep the engine alive. */
  unref: boolean;
};

export type Spawned = {
  pid: number;
  /** One per descriptor; null where it is no pipe. */
  pipes: (Socket | null)[];
  exited: Promise<{ code: number | null; signal: number | null }>;
  /** False once it was waited for: the number may be another's then. */
  lives(): boolean;
};

/** Like an error of Node's own spawn: `code` is the errno's name. */
export class SpawnError extends Error {
  readonly code: string;
  constructor(call: string, errno: number) {
    const name = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
    super(`${call}: ${name}`);
    this.code = name;
  }
}

/**
 * The runtime makes mount points that every user of a container must pass, and containers begin with the usual mask, not
 * with the engine's. A program gets the mask of the thread that starts it.
 */
export function withPublicMask<T>(start: () => T): T {
  const own = umask(0o022);
  try {
    return start();
  } finally {
    umask(own);
  }
}

const check = (result: number, call: string): void => {
  if (result < 0) throw new SpawnError(call, koffi.errno());
};

type Waiting = { end(status: number): void; keepsAlive: boolean };
const waiting = new Map<number, Waiting>();
let timer: NodeJS.Timeout | undefined;

function reap(): void {
  for (const [pid, { end }] of waiting) {
    const status = [0];
    const found = waitpid(pid, status, WNOHANG);
    if (found === 0) continue;
    waiting.delete(pid);
    // Somebody else waited for it: nothing is known of its end.
    end(found === pid ? (status[0] as number) : 0xff00);
  }
  keepAlive();
}

/** While a child runs that is waited for, the event loop has something to wait for. */
function keepAlive(): void {
  if (waiting.size === 0) {
    clearInterval(timer);
    timer = undefined;
    return;
  }
  timer ??= setInterval(reap, LOOK);
  if ([...waiting.values()].some((each) => each.keepsAlive)) timer.ref();
  else timer.unref();
}

const found = new Map<string, string>();

/** The program's path; a name is looked for in PATH. */
function locate(file: string, path: string): string {
  if (file.includes('/')) return file;
  const key = `${path}\0${file}`;
  const known = found.get(key);
  if (known) return known;
  for (const directory of path.split(':')) {
    try {
      accessSync(`${directory}/${file}`, constants.X_OK);
    } catch {
      continue;
    }
    found.set(key, `${directory}/${file}`);
    return `${directory}/${file}`;
  }
  throw new SpawnError(file, koffi.os.errno.ENOENT ?? 2);
}

let attributes: Buffer | undefined;

/** A session of its own, and signals as a program expects them. */
function makeAttributes(): Buffer {
  const made = Buffer.alloc(STRUCT_SIZE);
  const set = Buffer.alloc(STRUCT_SIZE);
  attributesInit(made);
  attributesMask(made, set);
  sigfillset(set);
  attributesDefault(made, set);
  attributesFlags(made, SETSID | SETSIGDEF | SETSIGMASK);
  return made;
}

/** The descriptors of the child, the engine's ends of its pipes, and what is to be closed once it runs. */
function openStdio(stdio: readonly StdioKind[], opened: number[]): { sources: number[]; ends: (number | null)[] } {
  const sources: number[] = [];
  const ends: (number | null)[] = [];
  const move = (fd: number): number => {
    if (fd >= FIRST_SOURCE) return fd;
    const moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SOURCE);
    check(moved, 'fcntl');
    opened.push(moved);
    return moved;
  };
  for (const [index, kind] of stdio.entries()) {
    let end: number | null = null;
    if (kind === 'pipe') {
      const fds = [0, 0];
      check(pipe2(fds, O_CLOEXEC), 'pipe2');
      const [reader, writer] = fds as [number, number];
      end = index === 0 ? writer : reader;
      opened.push(reader, writer);
      sources.push(move(index === 0 ? reader : writer));
    } else if (kind === 'ignore') {
      const fd = openSync('/dev/null', constants.O_RDWR);
      opened.push(fd);
      sources.push(move(fd));
    } else sources.push(move(kind === 'inherit' ? index : kind));
    ends.push(end);
  }
  return { sources, ends };
}

/** Errors: SpawnError with the errno's name; nothing stays open. */
export function spawnProgram(request: SpawnRequest): Spawned {
  const { file, args, env, cwd, stdio } = request;
  if (!attributes) {
    attributes = makeAttributes();
    process.on('SIGCHLD', reap);
  }
  const actions = Buffer.alloc(STRUCT_SIZE);
  const opened: number[] = [];
  let kept: (number | null)[] = [];
  actionsInit(actions);
  try {
    const path = locate(file, env.PATH ?? '');
    const { sources, ends } = openStdio(stdio, opened);
    for (const [target, source] of sources.entries()) actionsDup2(actions, source, target);
    if (cwd !== undefined) actionsChdir(actions, cwd);
    const pid = [0];
    const argv = [file, ...args, null];
    const envp = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), null];
    const errno = withPublicMask(() => posixSpawn(pid, path, actions, attributes, argv, envp));
    if (errno !== 0) throw new SpawnError(file, errno);
    kept = ends;
    return { ...watchEnd(pid[0] as number, !request.unref), pipes: ends.map(openEnd) };
  } finally {
    actionsDestroy(actions);
    for (const fd of opened) if (!kept.includes(fd)) closeSync(fd);
  }
}

/** The kernel tells the kind: descriptor 0 is written to, all others are read. */
function openEnd(fd: number | null, index: number): Socket | null {
  if (fd === null) return null;
  return new Socket({ fd, readable: index !== 0, writable: index === 0 });
}

function watchEnd(pid: number, keepsAlive: boolean): Omit<Spawned, 'pipes'> {
  const exited = new Promise<{ code: number | null; signal: number | null }>((resolve) => {
    // wait(2): the low seven bits are the signal, the byte above the exit code.
    const end = (status: number) => {
      const signal = status & 0x7f;
      resolve(signal === 0 ? { code: (status >> 8) & 0xff, signal: null } : { code: null, signal });
    };
    waiting.set(pid, { end, keepsAlive });
  });
  keepAlive();
  return { pid, exited, lives: () => waiting.has(pid) };
}
