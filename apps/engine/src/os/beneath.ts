import { closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';
import koffi from 'koffi';
import { InodeError } from './inode.ts';

/**
 * Walking a tree that somebody else changes at the same time. A directory is
 * held by descriptor, a name in it is reached as `/proc/self/fd/<n>/<name>`,
 * and no name is followed when it is a link, unless by openat2(2) below a root:
 * so a link that is turned at any moment leads to another place inside, never
 * outside. Paths are bytes. Calls block: for a worker.
 */
const libc = koffi.load('libc.so.6');
// Variadic in C; the kernel takes the arguments of this call as given, and a fixed shape is quicker.
const openat2 = libc.func('long syscall(long number, int fd, const void *path, const void *how, size_t size)');
const fstatfs = libc.func('int fstatfs(int fd, _Out_ void *buffer)');

/** openat2(2) has one number on every architecture that got it (Linux 5.6). */
const SYS_OPENAT2 = 437;
export const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
/** The kernel gives up on `..` when something was renamed meanwhile; asking again helps. */
const ATTEMPTS = 128;
/** Offset of f_flags in struct statfs, x86-64 and arm64. */
const STATFS_FLAGS = 80;
const ST_RDONLY = 1;

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const SLASH = Buffer.from('/');

/** `/proc/self/fd/<n>`, or a name in the directory that the descriptor holds. */
export function fdPath(descriptor: number, name?: Uint8Array): Buffer {
  const base = Buffer.from(`/proc/self/fd/${descriptor}`);
  return name === undefined ? base : Buffer.concat([base, SLASH, name]);
}

/** A descriptor for a directory of the host, as a place only. */
export const openPlace = (path: string | Buffer): number => openSync(path, O_PATH | O_DIRECTORY);

/** A directory of the host, for reading. */
export const openDirectory = (path: string): number => openSync(path, O_RDONLY | O_DIRECTORY);

/**
 * Opens a path as a process would whose root is the directory `root`: links on the way are followed below it. Throws
 * InodeError.
 */
export function openBeneath(root: number, path: string, flags: number): number {
  const bytes = Buffer.from(`${path === '' ? '.' : path}\0`, 'latin1');
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  for (let attempt = 1; ; attempt += 1) {
    const descriptor = Number(openat2(SYS_OPENAT2, root, bytes, how, how.length));
    if (descriptor >= 0) return descriptor;
    const error = new InodeError('open', koffi.errno());
    if (error.code !== 'EAGAIN' || attempt === ATTEMPTS) throw error;
  }
}

/** Whether the mount on which the descriptor's file lies takes no writes. */
export function isOnReadOnlyMount(descriptor: number): boolean {
  const buffer = Buffer.alloc(120);
  if (fstatfs(descriptor, buffer) !== 0) throw new InodeError('statfs', koffi.errno());
  return (buffer.readUInt32LE(STATFS_FLAGS) & ST_RDONLY) !== 0;
}

export type Held = { descriptor: number; stat: Stats };

/** Holds what a name in a directory is, link or not, without opening it. */
export function holdName(directory: number, name: Uint8Array): Held {
  const descriptor = openSync(fdPath(directory, name), O_PATH | O_NOFOLLOW);
  try {
    return { descriptor, stat: fstatSync(descriptor) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/**
 * Opens a regular file for reading; undefined when it is something else by now. What it is, is known before it is
 * opened: opening a device can have effects.
 */
export function openFile(at: Buffer): { reader: number; stat: Stats } | undefined {
  const held = openSync(at, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(held);
    return stat.isFile() ? { reader: openHeld(held), stat } : undefined;
  } finally {
    closeSync(held);
  }
}

/** Opens for reading what is held; only for regular files and directories, so nothing stalls. */
export const openHeld = (descriptor: number): number => openSync(fdPath(descriptor), O_RDONLY | O_NONBLOCK);

/** Opens a subdirectory, never through a link. */
export const openSubdirectory = (directory: number, name: Uint8Array): number =>
  openSync(fdPath(directory, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
