import koffi from 'koffi';
import { EngineError } from '#core/errors.ts';

/**
 * The few system calls that Node lacks, through the C library. Everything here
 * is for Linux on x86-64 and arm64, whose numbers and flags agree.
 */

const lib = koffi.load('libc.so.6');

const names = new Map<number, string>();
for (const [name, value] of Object.entries(koffi.os.errno)) {
  // Of names for one number (EAGAIN, EWOULDBLOCK) the first is the common one.
  if (!names.has(value)) names.set(value, name);
}

/** `EPERM` and the like of the last failed call on this thread. */
export function lastErrno(): string {
  const value = koffi.errno();
  return names.get(value) ?? `errno ${value}`;
}

const FRIENDLY: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EBUSY: 'device or resource busy',
  EEXIST: 'file exists',
  EINVAL: 'invalid argument',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  ENODEV: 'no such device',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOSYS: 'function not implemented',
  ENOTDIR: 'not a directory',
  ENXIO: 'no such device or address',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** The kernel's words for an errno name, in Go's spelling, which clients know from Docker. */
export function errnoText(name: string): string {
  return FRIENDLY[name] ?? name;
}

/** `unavailable` where the kernel lacks the feature, `internal` otherwise; `details.errno` has the name. */
export function errnoError(what: string, errno: string): EngineError {
  const lacking = errno === 'ENOSYS' || errno === 'ENODEV';
  return new EngineError(lacking ? 'unavailable' : 'internal', `${what}: ${errnoText(errno)}`, { details: { errno } });
}

export const libc = {
  mount: lib.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  ),
  umount2: lib.func('int umount2(const char *target, int flags)'),
  fcntl: lib.func('int fcntl(int fd, int command, ...)'),
  socket: lib.func('int socket(int domain, int type, int protocol)'),
  connect: lib.func('int connect(int fd, const void *address, unsigned int length)'),
  send: lib.func('long send(int fd, const void *data, unsigned long length, int flags)'),
  shutdown: lib.func('int shutdown(int fd, int how)'),
  ioctl: lib.func('int ioctl(int fd, unsigned long request, ...)'),
  prctl: lib.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
  syscall: lib.func('long syscall(long number, ...)'),
  tcgetattr: lib.func('int tcgetattr(int fd, _Out_ uint8_t *termios)'),
  tcsetattr: lib.func('int tcsetattr(int fd, int when, const uint8_t *termios)'),
  cfmakeraw: lib.func('void cfmakeraw(_Inout_ uint8_t *termios)'),
};

type ForeignFunction = ReturnType<typeof lib.func>;

/** Runs a foreign function on a worker thread. errno does not survive the way back: the caller asks again if it matters. */
export function onThread(func: ForeignFunction, ...args: unknown[]): Promise<number> {
  return new Promise((resolve, reject) => {
    func.async(...args, (error: Error | null, result: number) => (error ? reject(error) : resolve(result)));
  });
}
