import * as fs from 'node:fs';
import type { TarEntry, TarItem } from '#lib/tar.ts';
import { InodeError, lsetxattr, mknod, S_IFBLK, S_IFCHR, S_IFIFO } from './inode.ts';
import { removeTreeSync } from './tree.ts';

/**
 * Writes the entries of a layer's archive into a fresh directory that nobody
 * else writes to. Every path is walked component by component below the root:
 * a link on the way is followed as it would be inside a container (its target
 * taken below the root), and the last component is never followed, so no entry
 * reaches a file outside, whatever the archive says. Calls block: for a worker.
 *
 * Whiteouts (OCI image spec, layer.md) become overlayfs's: a character device
 * 0:0 for a removed name, the attribute trusted.overlay.opaque for a directory
 * whose lower content is hidden. They act on lower layers only, so their order
 * among the entries of the same layer does not matter.
 */
export type LayerWriter = {
  add(item: TarItem): Promise<void>;
  /** Sets the directories' times, which their entries have changed. Gives the bytes of all files. */
  finish(): { size: number; entries: number };
};

export type LayerLimits = {
  /** Bytes of all files together. */
  maxSize: number;
  maxEntries: number;
};

/** Refusing an entry: the message is for the person who loads the archive. */
export class LayerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LayerError';
  }
}

const OPAQUE_MARK = '.wh..wh..opq';
const WHITEOUT = '.wh.';
const LINK_LIMIT = 40;
const NAME_LIMIT = 255;
/** Zero bytes in runs of at least this many become a hole. */
const HOLE_SIZE = 64 * 1024;
const ZEROES = Buffer.alloc(HOLE_SIZE);
const OPAQUE = Buffer.from('y');

const bytes = (path: string): Buffer => Buffer.from(path, 'latin1');
const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
const show = (name: string): string => JSON.stringify(Buffer.from(name, 'latin1').toString('utf8')).slice(0, 300);

/** Components of a name; `..` never leads above the root, as in a chroot. */
function split(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') throw new LayerError(`entry ${show(name)} has ".." in its name`);
    if (part.length > NAME_LIMIT)
      throw new LayerError(`entry ${show(name)} has a name longer than ${NAME_LIMIT} bytes`);
    parts.push(part);
  }
  return parts;
}

export type LayerWriterOptions = {
  lowest: boolean;
  limits: LayerLimits;
  /**
   * What names with the whiteout prefix are: `apply` (default) as in a layer; `literal` names like others; `refuse`
   * where a layer is going to be made of what is written, which cannot hold them.
   */
  whiteouts?: 'apply' | 'literal' | 'refuse';
};

export function createLayerWriter(rootPath: string, options: LayerWriterOptions): LayerWriter {
  const root = Buffer.from(rootPath).toString('latin1');
  /** Paths below the root (`/a/b`) known to be real directories. */
  const directories = new Set<string>(['']);
  const whiteouts = new Set<string>();
  const times = new Map<string, number>();
  let size = 0;
  let count = 0;

  const at = (path: string): Buffer => bytes(root + path);
  const lstat = (path: string): fs.Stats | undefined => fs.lstatSync(at(path), { throwIfNoEntry: false });

  /** A directory that was replaced takes what was known below it along. */
  const forget = (path: string): void => {
    for (const known of directories) if (known === path || known.startsWith(`${path}/`)) directories.delete(known);
    for (const known of times.keys()) if (known === path || known.startsWith(`${path}/`)) times.delete(known);
    for (const known of whiteouts) if (known === path || known.startsWith(`${path}/`)) whiteouts.delete(known);
  };

  const makeDirectory = (path: string): void => {
    fs.mkdirSync(at(path));
    fs.chmodSync(at(path), 0o755);
    directories.add(path);
  };

  const hideLower = (path: string): void => {
    if (!options.lowest) lsetxattr(at(path), 'trusted.overlay.opaque', OPAQUE);
  };

  /** Makes room for a new inode at `path`. */
  const clear = (path: string, existing: fs.Stats): void => {
    if (existing.isDirectory()) {
      removeTreeSync(at(path));
      forget(path);
    } else {
      fs.unlinkSync(at(path));
      whiteouts.delete(path);
    }
  };

  /**
   * The directory that `parts` name, as a path without links, made where missing. `create: false` gives
   * undefined for what is missing.
   */
  const resolveDirectory = (parts: readonly string[], create: boolean): string | undefined => {
    const todo = [...parts];
    let path = '';
    let links = 0;
    while (todo.length > 0) {
      const part = todo.shift()!;
      if (part === '..') {
        path = path.slice(0, Math.max(0, path.lastIndexOf('/')));
        continue;
      }
      const next = `${path}/${part}`;
      if (directories.has(next)) {
        path = next;
        continue;
      }
      const info = lstat(next);
      if (info?.isDirectory()) {
        directories.add(next);
        path = next;
      } else if (info?.isSymbolicLink()) {
        links += 1;
        if (links > LINK_LIMIT) throw new LayerError('too many levels of symbolic links');
        const target = fs.readlinkSync(at(next), 'latin1');
        if (target.startsWith('/')) path = '';
        todo.unshift(...target.split('/').filter((piece) => piece !== '' && piece !== '.'));
      } else if (!create) {
        return undefined;
      } else {
        const wasWhiteout = whiteouts.has(next);
        if (info && !wasWhiteout) throw new LayerError(`${show(next)} is not a directory`);
        if (info) clear(next, info);
        makeDirectory(next);
        if (wasWhiteout) hideLower(next);
        path = next;
      }
    }
    return path;
  };

  const addWhiteout = (parent: string, name: string): void => {
    if (name === '' || name === '.' || name === '..')
      throw new LayerError(`whiteout ${show(WHITEOUT + name)} names nothing`);
    // Other names with the doubled prefix are bookkeeping of AUFS.
    if (name.startsWith(WHITEOUT)) return;
    const path = `${parent}/${name}`;
    const info = lstat(path);
    if (info?.isDirectory()) hideLower(path);
    if (info || options.lowest) return;
    mknod(at(path), S_IFCHR, 0, 0);
    whiteouts.add(path);
  };

  const writeBody = async (descriptor: number, { entry, body }: TarItem): Promise<void> => {
    const pieces = entry.sparse?.map ?? [{ offset: 0, length: entry.size }];
    const total = entry.sparse?.size ?? entry.size;
    let piece = 0;
    let offset = pieces[0]?.offset ?? 0;
    let left = pieces[0]?.length ?? 0;
    for await (let chunk of body) {
      while (chunk.length > 0) {
        while (left === 0) {
          piece += 1;
          if (piece >= pieces.length) throw new LayerError('a sparse file is malformed');
          ({ offset, length: left } = pieces[piece]!);
        }
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        writeWithHoles(descriptor, part, offset);
        offset += part.length;
        left -= part.length;
        chunk = chunk.subarray(part.length);
      }
    }
    fs.ftruncateSync(descriptor, total);
  };

  const addFile = async (path: string, item: TarItem): Promise<void> => {
    const { entry } = item;
    size += entry.sparse ? entry.sparse.map.reduce((sum, one) => sum + one.length, 0) : entry.size;
    if (size > options.limits.maxSize) throw new LayerError(`the layer is larger than ${options.limits.maxSize} bytes`);
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
    const descriptor = fs.openSync(at(path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await writeBody(descriptor, item);
      if (entry.uid !== 0 || entry.gid !== 0) fs.fchownSync(descriptor, entry.uid, entry.gid);
      fs.fchmodSync(descriptor, entry.mode);
      setAttributes(at(path), entry);
      fs.futimesSync(descriptor, entry.mtime, entry.mtime);
    } finally {
      fs.closeSync(descriptor);
    }
  };

  const addHardLink = (path: string, entry: TarEntry): void => {
    const parts = split(entry.linkname);
    const name = parts.pop();
    const parent = name === undefined ? undefined : resolveDirectory(parts, false);
    const target = parent === undefined ? undefined : lstat(`${parent}/${name}`);
    if (!target || whiteouts.has(`${parent}/${name}`)) {
      throw new LayerError(`hard link ${show(entry.name)}: ${show(entry.linkname)} does not exist in the layer`);
    }
    if (target.isDirectory()) throw new LayerError(`hard link ${show(entry.name)} to a directory`);
    if (`${parent}/${name}` === path) return;
    const existing = lstat(path);
    if (existing) clear(path, existing);
    fs.linkSync(at(`${parent}/${name}`), at(path));
  };

  const addDirectory = (path: string, entry: TarEntry, existing: fs.Stats | undefined): void => {
    if (!existing?.isDirectory()) {
      const wasWhiteout = whiteouts.has(path);
      if (existing) clear(path, existing);
      makeDirectory(path);
      if (wasWhiteout) hideLower(path);
    }
    fs.lchownSync(at(path), entry.uid, entry.gid);
    fs.chmodSync(at(path), entry.mode);
    setAttributes(at(path), entry);
    times.set(path, entry.mtime);
  };

  const addSpecial = (path: string, entry: TarEntry): void => {
    if (entry.type === 'symlink') {
      if (entry.linkname === '') throw new LayerError(`symbolic link ${show(entry.name)} has no target`);
      fs.symlinkSync(bytes(entry.linkname), at(path));
    } else if (entry.type === 'fifo') {
      mknod(at(path), S_IFIFO | 0o600);
    } else {
      mknod(at(path), (entry.type === 'char' ? S_IFCHR : S_IFBLK) | 0o600, entry.devMajor, entry.devMinor);
    }
    fs.lchownSync(at(path), entry.uid, entry.gid);
    if (entry.type !== 'symlink') fs.chmodSync(at(path), entry.mode);
    setAttributes(at(path), entry);
    fs.lutimesSync(at(path), entry.mtime, entry.mtime);
  };

  const addEntry = async (item: TarItem): Promise<void> => {
    const { entry } = item;
    const parts = split(entry.name);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type !== 'directory') throw new LayerError(`entry ${show(entry.name)} would replace the root`);
      return addDirectory('', entry, lstat(''));
    }
    const prefixed = options.whiteouts ?? 'apply';
    if (prefixed === 'refuse' && [...parts, name].some((part) => part.startsWith(WHITEOUT))) {
      throw new LayerError(`${show(entry.name)}: a layer cannot hold names that begin with "${WHITEOUT}"`);
    }
    if (prefixed === 'apply' && parts.some((part) => part.startsWith(WHITEOUT))) {
      // Below AUFS's own directories nothing belongs to the image.
      if (parts.some((part) => part.startsWith('.wh..wh.'))) return;
      throw new LayerError(`entry ${show(entry.name)} lies below a whiteout`);
    }
    const parent = resolveDirectory(parts, true)!;
    if (prefixed === 'apply' && name === OPAQUE_MARK) return hideLower(parent);
    if (prefixed === 'apply' && name.startsWith(WHITEOUT)) return addWhiteout(parent, name.slice(WHITEOUT.length));
    // A device 0:0 would act as a whiteout that the archive's own rules do not know.
    if (entry.type === 'char' && entry.devMajor === 0 && entry.devMinor === 0) return;
    const path = `${parent}/${name}`;
    if (entry.type === 'link') return addHardLink(path, entry);
    const existing = lstat(path);
    if (entry.type === 'directory') return addDirectory(path, entry, existing);
    if (existing) clear(path, existing);
    if (entry.type === 'file') return addFile(path, item);
    addSpecial(path, entry);
  };

  return {
    async add(item) {
      count += 1;
      if (count > options.limits.maxEntries)
        throw new LayerError(`the layer has more than ${options.limits.maxEntries} entries`);
      try {
        await addEntry(item);
      } catch (error) {
        if (isCode(error, 'ENAMETOOLONG')) throw new LayerError(`entry ${show(item.entry.name)}: the path is too long`);
        if (isCode(error, 'EINVAL') || isCode(error, 'EOVERFLOW') || isCode(error, 'ERR_OUT_OF_RANGE')) {
          throw new LayerError(`entry ${show(item.entry.name)} cannot be made: ${(error as Error).message}`);
        }
        throw error;
      }
    },
    finish() {
      for (const [path, mtime] of times) fs.utimesSync(at(path), mtime, mtime);
      return { size, entries: count };
    },
  };
}

/** Long runs of zeroes are not written: the file is cut to its size at the end, so they become holes. */
export function writeWithHoles(descriptor: number, data: Buffer, offset: number): void {
  for (let from = 0; from < data.length; ) {
    let to = from;
    while (to < data.length) {
      const length = Math.min(HOLE_SIZE, data.length - to);
      const isHole = length === HOLE_SIZE && data[to] === 0 && data.compare(ZEROES, 0, length, to, to + length) === 0;
      if (isHole) break;
      to += length;
    }
    for (let at = from; at < to; ) at += fs.writeSync(descriptor, data, at, to - at, offset + at);
    from = to < data.length ? to + HOLE_SIZE : to;
  }
}

/**
 * Capabilities of files are part of the image; what steers overlayfs or labels the host's files is not.
 * A filesystem without user attributes loses them, as in Docker.
 */
function setAttributes(path: Buffer, entry: TarEntry): void {
  for (const [name, value] of entry.xattrs) {
    const isKept = name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
    if (!isKept || name.length > NAME_LIMIT || value.length > 65_536) continue;
    try {
      lsetxattr(path, name, value);
    } catch (error) {
      const isUnsupported = error instanceof InodeError && ['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code);
      if (!isUnsupported) throw error;
    }
  }
}
