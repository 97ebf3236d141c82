import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { EngineError } from '#core/errors.ts';
import { errnoError, lastErrno, libc } from './libc.ts';

/**
 * Reads files beneath a directory that somebody else fills (a container's
 * root): no link, `..` or magic link leads out, and only regular files are
 * opened, so that neither a FIFO nor a device can stall or trick the engine.
 */

/** openat2(2) has one number on every architecture that got it (Linux 5.6). */
const SYS_OPENAT2 = 437;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;

function openInRoot(directory: number, path: string, flags: number): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  return Number(
    libc.syscall(SYS_OPENAT2, 'int', directory, 'const char *', path, 'const void *', how, 'unsigned long', how.length),
  );
}

/**
 * The content of a regular file beneath `root`, or null when there is none
 * (missing, a directory, a loop of links). Larger than `maxBytes`, or a FIFO,
 * socket or device, which would stall whoever opens it: `invalid_argument`.
 */
export function readInRoot(root: string, path: string, maxBytes: number): Buffer | null {
  if (path.includes('\0')) return null;
  const directory = openSync(root, constants.O_DIRECTORY | constants.O_RDONLY);
  let handle = -1;
  try {
    handle = openInRoot(directory, path, O_PATH | O_CLOEXEC);
    if (handle < 0) {
      const errno = lastErrno();
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG', 'EXDEV'].includes(errno)) return null;
      throw errnoError('open a file of the container', errno);
    }
    const stat = fstatSync(handle);
    if (stat.isDirectory()) return null;
    if (!stat.isFile()) throw new EngineError('invalid_argument', `${path} of the container is not a regular file`);
    if (stat.size > maxBytes) {
      throw new EngineError('invalid_argument', `${path} of the container is larger than ${maxBytes} bytes`);
    }
    return readUpTo(handle, path, maxBytes);
  } finally {
    if (handle >= 0) closeSync(handle);
    closeSync(directory);
  }
}

function readUpTo(handle: number, path: string, maxBytes: number): Buffer {
  // The handle is only a place; opening it through /proc cannot be turned elsewhere.
  const file = openSync(`/proc/self/fd/${handle}`, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const count = readSync(file, chunk, 0, chunk.length, null);
      if (count === 0) return Buffer.concat(chunks);
      size += count;
      if (size > maxBytes) {
        throw new EngineError('invalid_argument', `${path} of the container is larger than ${maxBytes} bytes`);
      }
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Marks every descriptor that this process inherited beyond stdio as
 * close-on-exec, so that what started the engine is not handed on to
 * containers. Node does so only for what it opens itself.
 */
export function closeInheritedOnExec(descriptors: readonly number[]): void {
  for (const fd of descriptors) if (fd > 2) libc.fcntl(fd, F_SETFD, 'int', FD_CLOEXEC);
}
