import koffi from 'koffi';

/**
 * The few system calls on inodes that Node does not have. Paths are bytes
 * without a zero; the caller has made sure that no component is a link it does
 * not know.
 */
const libc = koffi.load('libc.so.6');
const mknodRaw = libc.func('int mknod(const void *path, uint32_t mode, uint64_t dev)');
const lsetxattrRaw = libc.func(
  'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
);
const fsetxattrRaw = libc.func('int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)');
const flistxattrRaw = libc.func('int64_t flistxattr(int fd, _Out_ void *list, size_t size)');
const fgetxattrRaw = libc.func('int64_t fgetxattr(int fd, const void *name, _Out_ void *value, size_t size)');
const lgetxattrRaw = libc.func('int64_t lgetxattr(const void *path, const void *name, _Out_ void *value, size_t size)');

export class InodeError extends Error {
  readonly code: string;
  constructor(call: string, errno: number) {
    const code = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
    super(`${call}: ${code}`);
    this.name = 'InodeError';
    this.code = code;
  }
}

const zeroTerminated = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(1)]);

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

/** glibc's makedev(3). */
function deviceNumber(major: number, minor: number): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return ((a & 0xfffff000n) << 32n) | ((a & 0xfffn) << 8n) | ((b & 0xffffff00n) << 12n) | (b & 0xffn);
}

/** Makes a fifo, a device, or with device 0:0 an overlayfs whiteout. Throws InodeError. */
export function mknod(path: Uint8Array, mode: number, major = 0, minor = 0): void {
  if (mknodRaw(zeroTerminated(path), mode, deviceNumber(major, minor)) !== 0)
    throw new InodeError('mknod', koffi.errno());
}

/** Sets an extended attribute of the inode itself, never of a link's target. Throws InodeError. */
export function lsetxattr(path: Uint8Array, name: string, value: Uint8Array): void {
  const nameBytes = zeroTerminated(Buffer.from(name, 'latin1'));
  if (lsetxattrRaw(zeroTerminated(path), nameBytes, Buffer.from(value), value.length, 0) !== 0) {
    throw new InodeError('setxattr', koffi.errno());
  }
}

/** Longest value the kernel takes, XATTR_SIZE_MAX. */
const ATTRIBUTE_LIMIT = 65_536;

/** An extended attribute of the inode itself; undefined when it has none of that name. Throws InodeError. */
export function lgetxattr(path: Uint8Array, name: string): Buffer | undefined {
  const value = Buffer.alloc(ATTRIBUTE_LIMIT);
  const nameBytes = zeroTerminated(Buffer.from(name, 'latin1'));
  const length = Number(lgetxattrRaw(zeroTerminated(path), nameBytes, value, value.length));
  if (length >= 0) return value.subarray(0, length);
  const error = new InodeError('getxattr', koffi.errno());
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return undefined;
  throw error;
}

/** Sets an extended attribute of an open file. Throws InodeError. */
export function fsetxattr(descriptor: number, name: string, value: Uint8Array): void {
  const nameBytes = zeroTerminated(Buffer.from(name, 'latin1'));
  if (fsetxattrRaw(descriptor, nameBytes, Buffer.from(value), value.length, 0) !== 0) {
    throw new InodeError('setxattr', koffi.errno());
  }
}

/** Longest list the kernel gives, XATTR_LIST_MAX. One buffer does: every call is over before the next. */
const attributeNames = Buffer.alloc(65_536);

/** Names of the extended attributes of an open file. Throws InodeError. */
export function flistxattr(descriptor: number): string[] {
  const length = Number(flistxattrRaw(descriptor, attributeNames, attributeNames.length));
  if (length === 0) return [];
  if (length > 0) return attributeNames.toString('latin1', 0, length - 1).split('\0');
  const error = new InodeError('listxattr', koffi.errno());
  if (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return [];
  throw error;
}

/** An extended attribute of an open file; undefined when it has none of that name. Throws InodeError. */
export function fgetxattr(descriptor: number, name: string): Buffer | undefined {
  const value = Buffer.alloc(ATTRIBUTE_LIMIT);
  const nameBytes = zeroTerminated(Buffer.from(name, 'latin1'));
  const length = Number(fgetxattrRaw(descriptor, nameBytes, value, value.length));
  if (length >= 0) return Buffer.from(value.subarray(0, length));
  const error = new InodeError('getxattr', koffi.errno());
  if (error.code === 'ENODATA' || error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP') return undefined;
  throw error;
}
