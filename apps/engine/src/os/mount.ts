import { readFileSync } from 'node:fs';
import { EngineError } from '#core/errors.ts';
import type { Mount } from '#core/mount.ts';
import { errnoError, lastErrno, libc, onThread } from './libc.ts';

/** mount(2) flags by the names of OCI and fstab; [set, clear]. */
const FLAGS: Readonly<Record<string, readonly [number, number]>> = {
  ro: [1, 0],
  rw: [0, 1],
  nosuid: [2, 0],
  suid: [0, 2],
  nodev: [4, 0],
  dev: [0, 4],
  noexec: [8, 0],
  exec: [0, 8],
  sync: [16, 0],
  async: [0, 16],
  remount: [32, 0],
  dirsync: [128, 0],
  nosymfollow: [256, 0],
  noatime: [1024, 0],
  atime: [0, 1024],
  nodiratime: [2048, 0],
  diratime: [0, 2048],
  bind: [4096, 0],
  rbind: [4096 | 16384, 0],
  relatime: [1 << 21, 0],
  norelatime: [0, 1 << 21],
  strictatime: [1 << 24, 0],
  lazytime: [1 << 25, 0],
  defaults: [0, 0],
};

const MS_REC = 16384;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const PROPAGATION: Readonly<Record<string, number>> = {
  private: 1 << 18,
  rprivate: (1 << 18) | MS_REC,
  slave: 1 << 19,
  rslave: (1 << 19) | MS_REC,
  shared: 1 << 20,
  rshared: (1 << 20) | MS_REC,
  unbindable: 1 << 17,
  runbindable: (1 << 17) | MS_REC,
};

/** The kernel takes one page of mount data, its last byte included. */
const MAX_DATA = 4095;

export type ParsedOptions = { flags: number; propagation: number[]; data: string };

/** Splits OCI mount options into mount(2)'s flags, propagation changes and data. */
export function parseMountOptions(options: readonly string[]): ParsedOptions {
  let flags = 0;
  const propagation: number[] = [];
  const data: string[] = [];
  for (const option of options) {
    const known = Object.hasOwn(FLAGS, option) ? FLAGS[option] : undefined;
    const spread = Object.hasOwn(PROPAGATION, option) ? PROPAGATION[option] : undefined;
    if (known) flags = (flags & ~known[1]) | known[0];
    else if (spread !== undefined) propagation.push(spread);
    else data.push(option);
  }
  return { flags, propagation, data: data.join(',') };
}

const hasNul = (text: string): boolean => text.includes('\0');

/**
 * Performs one mount on the host. The target exists. Errors: `invalid_argument`
 * for what mount(2) cannot be told, `unavailable` when the kernel lacks the
 * filesystem, else `internal`; `details.errno` names the reason.
 */
export function mount(mount: Mount): void {
  const { flags, propagation, data } = parseMountOptions(mount.options);
  if (hasNul(mount.source) || hasNul(mount.target) || hasNul(data)) {
    throw new EngineError('invalid_argument', 'a mount holds a NUL character');
  }
  if (Buffer.byteLength(data) > MAX_DATA) {
    throw new EngineError('invalid_argument', `the options of the mount at ${mount.target} exceed ${MAX_DATA} bytes`);
  }
  const call = (source: string, type: string, bits: number, text: string) => {
    if (libc.mount(source, mount.target, type, bits, text) === 0) return;
    throw errnoError(`mount ${mount.type} at ${mount.target}`, lastErrno());
  };
  const bind = (flags & MS_BIND) !== 0 || mount.type === 'bind';
  if (bind) {
    call(mount.source, '', MS_BIND | (flags & MS_REC), '');
    const rest = flags & ~MS_BIND & ~MS_REC;
    // A bind mount takes its flags only in a second step.
    if (rest !== 0) remountBind(call, mount.target, rest);
  } else {
    call(mount.source, mount.type, flags, data);
  }
  for (const bits of propagation) call('', '', bits, '');
}

function remountBind(
  call: (source: string, type: string, bits: number, text: string) => void,
  target: string,
  rest: number,
): void {
  try {
    call('', '', MS_BIND | MS_REMOUNT | rest, '');
  } catch (error) {
    // A bind without its `ro` must not stay.
    libc.umount2(target, MNT_DETACH);
    throw error;
  }
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

/**
 * Unmounts on a worker thread (an overlay writes its upper layer back first).
 * Lazy by default: users of open files keep them. Gives false when nothing was
 * mounted there.
 */
export async function unmount(target: string, options: { lazy?: boolean } = {}): Promise<boolean> {
  const flags = UMOUNT_NOFOLLOW | (options.lazy === false ? 0 : MNT_DETACH);
  if ((await onThread(libc.umount2, target, flags)) === 0) return true;
  // Only a call on this thread tells the reason; it succeeds if the state changed in between.
  if (libc.umount2(target, flags) === 0) return true;
  const errno = lastErrno();
  if (errno === 'EINVAL' || errno === 'ENOENT') return false;
  throw errnoError(`unmount ${target}`, errno);
}

export type MountInfo = {
  id: number;
  parentId: number;
  /** `major:minor` */
  device: string;
  /** Path in its filesystem that forms the root of this mount. */
  root: string;
  mountPoint: string;
  options: string[];
  /** `shared:N`, `master:N`, … */
  propagation: string[];
  type: string;
  source: string;
  superOptions: string[];
};

const decodeOctal = (field: string): string => {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
};

/** /proc/<pid>/mountinfo, proc(5). File names are taken as latin1, byte for byte. */
export function parseMountInfo(text: string): MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    if (dash < 0) continue;
    mounts.push({
      id: Number(fields[0]),
      parentId: Number(fields[1]),
      device: fields[2]!,
      root: decodeOctal(fields[3]!),
      mountPoint: decodeOctal(fields[4]!),
      options: fields[5]!.split(','),
      propagation: fields.slice(6, dash),
      type: fields[dash + 1] ?? '',
      source: decodeOctal(fields[dash + 2] ?? ''),
      superOptions: (fields[dash + 3] ?? '').split(','),
    });
  }
  return mounts;
}

/** The mounts of this process's namespace, oldest first. */
export function readMounts(): MountInfo[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'latin1'));
}

/** Unmounts everything at and below a directory, newest first. */
export async function unmountBelow(directory: string): Promise<number> {
  const prefix = directory.endsWith('/') ? directory : `${directory}/`;
  const found = readMounts().filter((m) => m.mountPoint === directory || m.mountPoint.startsWith(prefix));
  let count = 0;
  for (const { mountPoint } of found.reverse()) if (await unmount(mountPoint)) count += 1;
  return count;
}
