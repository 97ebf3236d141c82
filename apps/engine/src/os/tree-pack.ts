import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import type { TarEntryType } from '#lib/tar.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import { fdPath, openFile, openSubdirectory } from './beneath.ts';
import { fgetxattr, flistxattr } from './inode.ts';

/**
 * Writes a tree as tar, in blocks of a fixed size that the consumer takes at
 * its own pace. Links are written as links, never followed; what vanishes
 * meanwhile is left out; a file that changes its length keeps the one its
 * header says. Times are whole seconds, as in Docker's archives.
 */
export type Packer = {
  /** The entry that `name` in the directory is, under `path` in the archive, with all below it. */
  tree(directory: number, name: Uint8Array, path: string): Generator<Buffer, void>;
  /** What an open directory contains; the directory itself is not written. */
  content(directory: number, prefix: string): Generator<Buffer, void>;
  /** The header of a directory. */
  directory(descriptor: number, path: string): Generator<Buffer, void>;
  /** One entry that is not a directory. */
  entry(directory: number, name: Uint8Array, path: string, stat?: Stats): Generator<Buffer, void>;
  /** An empty file that says something by its name. */
  mark(path: string): Generator<Buffer, void>;
  /** The rest, with the end of the archive. */
  finish(): Generator<Buffer, void>;
};

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
const BLOCK = 512 * 1024;
/** PATH_MAX; no archive with a longer name can be unpacked. */
const NAME_LIMIT = 4096;

export class PackError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PackError';
  }
}

export const latin1 = (name: Uint8Array): string =>
  Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1');

/** Names in an open directory, in the order of their bytes. */
export const namesIn = (descriptor: number): Buffer[] =>
  readdirSync(fdPath(descriptor), { encoding: 'buffer' }).sort(Buffer.compare);

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE']);
/** The entry was removed or replaced since its name was read. */
export const isGone = (error: unknown): boolean => GONE.has((error as NodeJS.ErrnoException).code ?? '');

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isFIFO()) return 'fifo';
  // A socket means nothing without its process.
  return undefined;
}

/** Attributes that belong to the content. Those of overlayfs, of policies and of the host do not. */
function attributesOf(descriptor: number): Map<string, Buffer> | undefined {
  let found: Map<string, Buffer> | undefined;
  for (const name of flistxattr(descriptor)) {
    const isKept = name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
    if (!isKept) continue;
    const value = fgetxattr(descriptor, name);
    if (!value) continue;
    found ??= new Map();
    found.set(name, value);
  }
  return found;
}

/** glibc's major(3) and minor(3). */
const majorOf = (device: number): number => Number((BigInt(device) >> 8n) & 0xfffn);
const minorOf = (device: number): number => Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xffffff00n));

/** `isStill`: nobody changes the tree meanwhile, so what was seen to be a file is one when it is opened. */
export function createPacker({ isStill = false }: { isStill?: boolean } = {}): Packer {
  let block = Buffer.allocUnsafeSlow(BLOCK);
  let used = 0;
  /** First names of files that have several. */
  const links = new Map<string, string>();

  const take = (): Buffer => {
    const full = block.subarray(0, used);
    block = Buffer.allocUnsafeSlow(BLOCK);
    used = 0;
    return full;
  };

  function* put(data: Buffer): Generator<Buffer, void> {
    for (let at = 0; at < data.length; ) {
      if (used === BLOCK) yield take();
      const count = data.copy(block, used, at);
      used += count;
      at += count;
    }
  }

  function* header(
    path: string,
    stat: Stats,
    extra: Partial<Parameters<typeof tarHeader>[0]>,
  ): Generator<Buffer, void> {
    if (path.length > NAME_LIMIT) throw new PackError('file name too long');
    yield* put(
      tarHeader({
        name: path,
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        mtime: Math.floor(stat.mtimeMs / 1000),
        ...extra,
      }),
    );
  }

  /** Exactly `size` bytes: zeroes for what is no longer there. */
  function* body(descriptor: number, size: number): Generator<Buffer, void> {
    for (let left = size; left > 0; ) {
      if (used === BLOCK) yield take();
      const room = Math.min(left, BLOCK - used);
      const count = readSync(descriptor, block, used, room, null);
      if (count === 0) block.fill(0, used, used + room);
      used += count || room;
      left -= count || room;
    }
    yield* put(tarPadding(size));
  }

  function* file(at: Buffer, path: string, seen: Stats): Generator<Buffer, void> {
    const opened = isStill ? { reader: openSync(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK), stat: seen } : openFile(at);
    if (!opened) return;
    const { reader, stat } = opened;
    try {
      const xattrs = attributesOf(reader);
      yield* header(path, stat, { size: stat.size, ...(xattrs && { xattrs }) });
      yield* body(reader, stat.size);
    } finally {
      closeSync(reader);
    }
  }

  /** The first name of a file seen before under another; undefined the first time. */
  const firstName = (at: Buffer, path: string): string | undefined => {
    // Inode numbers of overlayfs need more bits than a double has.
    const { dev, ino } = lstatSync(at, { bigint: true });
    const key = `${dev}:${ino}`;
    const first = links.get(key);
    if (first === undefined) links.set(key, path);
    return first;
  };

  function* entry(directory: number, name: Uint8Array, path: string, seen?: Stats): Generator<Buffer, void> {
    const at = fdPath(directory, name);
    try {
      const stat = seen ?? lstatSync(at);
      const type = typeOf(stat);
      if (type === undefined || type === 'directory') return;
      const first = stat.nlink > 1 ? firstName(at, path) : undefined;
      if (first !== undefined) yield* header(path, stat, { type: 'link', linkname: first });
      else if (type === 'file') yield* file(at, path, stat);
      else if (type === 'symlink') yield* header(path, stat, { type, linkname: readlinkSync(at, 'latin1') });
      else if (type === 'fifo') yield* header(path, stat, { type });
      else yield* header(path, stat, { type, devMajor: majorOf(stat.rdev), devMinor: minorOf(stat.rdev) });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  function* directoryHeader(descriptor: number, path: string): Generator<Buffer, void> {
    const xattrs = attributesOf(descriptor);
    yield* header(path, fstatSync(descriptor), { type: 'directory', ...(xattrs && { xattrs }) });
  }

  function* content(directory: number, prefix: string): Generator<Buffer, void> {
    for (const name of namesIn(directory)) yield* tree(directory, name, prefix + latin1(name));
  }

  function* tree(directory: number, name: Uint8Array, path: string): Generator<Buffer, void> {
    const stat = lstatSync(fdPath(directory, name), { throwIfNoEntry: false });
    if (!stat) return;
    if (!stat.isDirectory()) return yield* entry(directory, name, path, stat);
    let descriptor: number;
    try {
      descriptor = openSubdirectory(directory, name);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    try {
      yield* directoryHeader(descriptor, path);
      yield* content(descriptor, `${path}/`);
    } finally {
      closeSync(descriptor);
    }
  }

  return {
    tree,
    content,
    entry,
    directory: directoryHeader,
    *mark(path) {
      yield* put(tarHeader({ name: path, mode: 0, mtime: 0 }));
    },
    *finish() {
      yield* put(tarEnd());
      if (used > 0) yield take();
    },
  };
}
