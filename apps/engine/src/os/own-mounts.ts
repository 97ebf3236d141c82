import { chmodSync, closeSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import koffi from 'koffi';
import type { Mount } from '#core/mount.ts';
import { O_PATH, openBeneath, openPlace } from './beneath.ts';
import { InodeError } from './inode.ts';
import { mount } from './mount.ts';

/**
 * A root that is assembled where nobody sees it: in a mount namespace of its
 * own, which lives as long as its two descriptors. No table of the host shows
 * the mounts, and a killed engine takes them with it. For a worker thread: the
 * namespace belongs to the thread, which steps in, mounts, and steps back.
 */
const libc = koffi.load('libc.so.6');
const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int nstype)');
const chdir = libc.func('int chdir(const char *path)');
const pivotRoot = libc.func('long syscall(long number, const char *next, const char *old)');
const umount2 = libc.func('int umount2(const char *target, int flags)');
const mountRaw = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)',
);

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const MS_MOVE = 8192;
const MS_REMOUNT_BIND_READONLY = 32 | 4096 | 1;
const MS_REC_PRIVATE = 16384 | (1 << 18);
const MNT_DETACH = 2;
const SYS_PIVOT_ROOT = process.arch === 'arm64' ? 41 : 155;

export type OwnRoot = {
  /** The assembled root, as a place. */
  root: number;
  close(): void;
};

export type Assembly = {
  /** An empty directory of the host; a tmpfs lies over it inside the namespace. */
  scratch: string;
  /** The root itself. `scratchUpper`: writes, of mount points too, go to memory. */
  rootfs: Omit<Mount, 'target'>;
  scratchUpper: boolean;
  /** Once all is in place. What is bound in has its own say. */
  readOnly?: boolean;
  /** Bind mounts inside the root, in order. One whose source is missing is left out. */
  binds: readonly { source: string; target: string; recursive: boolean; readOnly: boolean }[];
};

function check(result: number, call: string): void {
  if (result < 0) throw new InodeError(call, koffi.errno());
}

let isOwnThread = false;
let home = -1;

/** From the first call on this thread has its own root and working directory, as setns(2) asks for. */
function prepareThread(): void {
  if (isOwnThread) return;
  check(unshare(CLONE_FS), 'unshare');
  home = openSync('/proc/thread-self/ns/mnt', 'r');
  isOwnThread = true;
}

/** Throws InodeError or EngineError; nothing stays then. */
export function assembleRoot(assembly: Assembly): OwnRoot {
  prepareThread();
  check(unshare(CLONE_NEWNS), 'unshare');
  const open: number[] = [];
  try {
    check(mountRaw('none', '/', 'none', MS_REC_PRIVATE, null), 'mount');
    const place = mountAll(assembly);
    open.push(openSync('/proc/thread-self/ns/mnt', 'r'), openPlace(place));
    leaveOnly(place);
  } catch (error) {
    for (const descriptor of open) closeSync(descriptor);
    throw error;
  } finally {
    // A thread that cannot come back must not do one more thing.
    if (setns(home, CLONE_NEWNS) < 0) process.exit(70);
  }
  return {
    root: open[1]!,
    close: () => {
      for (const descriptor of open.splice(0)) closeSync(descriptor);
    },
  };
}

function mountAll({ scratch, rootfs, scratchUpper, readOnly = false, binds }: Assembly): string {
  mount({ type: 'tmpfs', source: 'tmpfs', target: scratch, options: ['mode=700', 'size=16m'] });
  const place = `${scratch}/root`;
  for (const name of ['root', 'upper', 'work']) {
    mkdirSync(`${scratch}/${name}`);
    chmodSync(`${scratch}/${name}`, 0o755);
  }
  const upper = scratchUpper ? [`upperdir=${scratch}/upper`, `workdir=${scratch}/work`] : [];
  mount({ ...rootfs, target: place, options: [...rootfs.options, ...upper] });
  const root = openPlace(place);
  try {
    for (const [index, bind] of binds.entries()) addBind(root, `${scratch}/bind${index}`, bind);
  } finally {
    closeSync(root);
  }
  if (readOnly) check(mountRaw('none', place, 'none', MS_REMOUNT_BIND_READONLY, null), 'mount');
  return place;
}

/**
 * The bind is made complete, read-only or not, at a place that nobody can turn, and then moved as it is below the root,
 * to a mount point found there.
 */
function addBind(root: number, place: string, bind: Assembly['binds'][number]): void {
  const source = statSync(bind.source, { throwIfNoEntry: false });
  if (!source) return;
  if (source.isDirectory()) mkdirSync(place);
  else writeFileSync(place, '');
  const kind = bind.recursive ? 'rbind' : 'bind';
  mount({ type: 'bind', source: bind.source, target: place, options: [kind, bind.readOnly ? 'ro' : 'rw'] });
  const target = mountPoint(root, bind.target, source.isDirectory());
  try {
    check(mountRaw(place, `/proc/self/fd/${target}`, 'none', MS_MOVE, null), 'mount');
  } finally {
    closeSync(target);
  }
}

function mountPoint(root: number, path: string, isDirectory: boolean): number {
  const bytes = Buffer.from(path).toString('latin1');
  try {
    return openBeneath(root, bytes, O_PATH);
  } catch (error) {
    if (!(error instanceof InodeError) || error.code !== 'ENOENT') throw error;
  }
  const slash = bytes.lastIndexOf('/');
  const parent =
    slash <= 0 ? openBeneath(root, '/', O_PATH) : mountPoint(root, path.slice(0, path.lastIndexOf('/')), true);
  try {
    const at = Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), Buffer.from(bytes.slice(slash + 1), 'latin1')]);
    if (isDirectory) mkdirSync(at);
    else writeFileSync(at, '', { flag: 'wx' });
    chmodSync(at, isDirectory ? 0o755 : 0o644);
  } finally {
    closeSync(parent);
  }
  return openBeneath(root, bytes, O_PATH);
}

/**
 * The host's own mounts, of which this namespace has copies, are not to be kept busy by it. On an initial ramfs the
 * kernel refuses; then they are, for as long as the root is in use.
 */
function leaveOnly(place: string): void {
  check(chdir(place), 'chdir');
  if (Number(pivotRoot(SYS_PIVOT_ROOT, '.', '.')) === 0) check(umount2('.', MNT_DETACH), 'umount');
}
