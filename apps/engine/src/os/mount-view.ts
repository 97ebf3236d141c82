import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { errnoError, lastErrno } from './libc.ts';
import { parseMountInfo } from './mount.ts';

/**
 * The host's mounts as one program is to see them: a copy of the mount table, changed, that programs enter with
 * nsenter(1). It exists while its descriptor is open or a program runs in it.
 *
 * The copy is made by the calling thread, which steps into it for some microseconds and back; everything in between is
 * synchronous. unshare(2) gives the thread a working directory and umask of its own (the same values), which setns(2)
 * asks for.
 */
const libc = koffi.load('libc.so.6');
const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int nstype)');
const fchdir = libc.func('int fchdir(int fd)');
const chroot = libc.func('int chroot(const char *path)');
const umount2 = libc.func('int umount2(const char *target, int flags)');
const mountRaw = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
);

const CLONE_NEWNS = 0x20000;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;

export type MountView = {
  /** For `nsenter --mount=<path>`. */
  path: string;
  close(): void;
};

export type MountViewOptions = {
  /** Mount points that the view lacks, parents of which stay. */
  without: readonly string[];
  /**
   * The view takes part in no propagation and holds nothing below these directories: it may stay open without keeping a
   * mount busy that the host has given up. Absent: mounts made in the view propagate as they would on the host.
   */
  detachedFrom?: readonly string[];
};

function check(result: number, call: string): void {
  if (result < 0) throw errnoError(call, lastErrno());
}

/** Errors: EngineError `internal` with `details.errno`; the thread is where it was. */
export function openMountView(options: MountViewOptions): MountView {
  const directory = openSync('.', constants.O_DIRECTORY);
  const root = openSync('/', constants.O_DIRECTORY);
  const home = openSync('/proc/thread-self/ns/mnt', 'r');
  let descriptor: number;
  try {
    check(unshare(CLONE_NEWNS), 'unshare the mount namespace');
    try {
      change(options);
      descriptor = openSync('/proc/thread-self/ns/mnt', 'r');
    } finally {
      // setns(2) leads to the namespace's root. A thread that cannot come back must not do one more thing.
      const back = setns(home, CLONE_NEWNS) === 0 && fchdir(root) === 0 && chroot('.') === 0;
      if (!back || fchdir(directory) < 0) process.exit(70);
    }
  } finally {
    for (const each of [home, directory, root]) closeSync(each);
  }
  return { path: `/proc/${process.pid}/fd/${descriptor}`, close: () => closeSync(descriptor) };
}

function change({ without, detachedFrom }: MountViewOptions): void {
  if (detachedFrom) check(mountRaw('none', '/', 'none', MS_REC | MS_PRIVATE, null), 'make the mounts private');
  for (const target of without) {
    // An unmount propagates by the mount that it is on.
    const parent = target.slice(0, target.lastIndexOf('/'));
    check(mountRaw('none', parent, 'none', MS_PRIVATE, null), `make ${parent} private`);
    check(umount2(target, MNT_DETACH), `unmount ${target}`);
  }
  if (!detachedFrom) return;
  const mounts = parseMountInfo(readFileSync('/proc/thread-self/mountinfo', 'latin1'));
  for (const { mountPoint } of mounts.reverse()) {
    if (detachedFrom.some((place) => mountPoint.startsWith(`${place}/`))) umount2(mountPoint, MNT_DETACH);
  }
}
