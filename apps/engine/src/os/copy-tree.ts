import { closeSync, constants, openSync } from 'node:fs';
import { errnoError, lastErrno, libc } from './libc.ts';
import { runOk } from './process.ts';

/** openat2(2) has one number on every architecture that got it (Linux 5.6). */
const SYS_OPENAT2 = 437;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const NOT_THERE = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** A directory beneath `root`: no link, `..` or magic link leads out. Null when there is none. */
function openDirectoryInRoot(root: string, path: string): number | null {
  const base = openSync(root, constants.O_DIRECTORY | constants.O_RDONLY);
  try {
    const how = Buffer.alloc(24);
    how.writeBigUInt64LE(BigInt(O_PATH | O_CLOEXEC | constants.O_DIRECTORY), 0);
    how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
    const size = how.length;
    const descriptor = Number(
      libc.syscall(SYS_OPENAT2, 'int', base, 'const char *', path, 'const void *', how, 'unsigned long', size),
    );
    if (descriptor >= 0) return descriptor;
    const errno = lastErrno();
    if (NOT_THERE.includes(errno)) return null;
    throw errnoError(`open ${path}`, errno);
  } finally {
    closeSync(base);
  }
}

/**
 * Copies the content of the directory `path` beneath `root` into the directory
 * `destination`, which takes over its owner, mode, times and attributes too.
 * Links are copied, never followed; hard links stay hard links, holes holes.
 * False when there is no such directory.
 */
export async function copyTreeInRoot(root: string, path: string, destination: string): Promise<boolean> {
  if (path.includes('\0')) return false;
  const descriptor = openDirectoryInRoot(root, path);
  if (descriptor === null) return false;
  try {
    // The directory is held open: a link that is turned meanwhile changes nothing.
    const source = `/proc/${process.pid}/fd/${descriptor}/.`;
    await runOk('cp', ['-a', '--', source, destination]);
    return true;
  } finally {
    closeSync(descriptor);
  }
}
