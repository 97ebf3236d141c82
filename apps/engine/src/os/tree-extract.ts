import * as fs from 'node:fs';
import type { TarEntry, TarItem } from '#lib/tar.ts';
import { fdPath, O_PATH, openBeneath, openSubdirectory } from './beneath.ts';
import { fsetxattr, InodeError, lsetxattr, mknod, S_IFBLK, S_IFCHR, S_IFIFO } from './inode.ts';
import { writeWithHoles } from './tar.ts';

/**
 * Unpacks an archive into a tree that a container may change at the same time.
 * The directory of each entry is found by openat2(2) below the container's
 * root, so links lead where they lead inside, and the entry itself is made by
 * name in the directory that is held: nothing outside is reached, whatever the
 * archive says and whoever turns a link meanwhile. What the mount does not
 * allow (read-only) the kernel refuses. Calls block: for a worker.
 */
export type TreeWriter = {
  add(item: TarItem): Promise<void>;
  /** Sets the times of directories, which their entries have changed. */
  finish(): void;
  close(): void;
};

export type TreeWriterOptions = {
  /** Place of the container's root. */
  root: number;
  /** Directory below it that names are relative to; bytes as latin1. */
  base: string;
  /** Neither may a directory be replaced by something else nor the other way round. */
  keepKinds: boolean;
  /** Owner of all that is made; default: the archive's. */
  owner?: { uid: number; gid: number };
};

/** Refusing an entry: the message is for the person who sent the archive. */
export class ExtractError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExtractError';
  }
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;
const NAME_LIMIT = 255;

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';
const show = (name: string): string => JSON.stringify(Buffer.from(name, 'latin1').toString('utf8')).slice(0, 300);

/** Components of a name, cleaned as text. A name that leaves the directory it is relative to is refused. */
function components(name: string, what: string): string[] {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (parts.pop() === undefined) throw new ExtractError(`invalid ${what} ${show(name)}: it leads outside`);
      continue;
    }
    if (part.length > NAME_LIMIT) throw new ExtractError(`${what} ${show(name)}: file name too long`);
    parts.push(part);
  }
  return parts;
}

/** Removes what a name is, with all below it, never through a link. */
function removeAt(directory: number, name: Buffer): void {
  const at = fdPath(directory, name);
  const stat = fs.lstatSync(at, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isDirectory()) {
    fs.unlinkSync(at);
    return;
  }
  const descriptor = openSubdirectory(directory, name);
  try {
    for (const child of fs.readdirSync(fdPath(descriptor), { encoding: 'buffer' })) removeAt(descriptor, child);
  } finally {
    fs.closeSync(descriptor);
  }
  fs.rmdirSync(at);
}

export function createTreeWriter(options: TreeWriterOptions): TreeWriter {
  const { root, keepKinds } = options;
  const base = options.base.replace(/\/+$/, '');
  /** The directory of the last entry stays open: the next one mostly has the same. */
  let last: { path: string; descriptor: number } | undefined;
  const times = new Map<string, number>();

  const openDirectory = (path: string): number => {
    try {
      return openBeneath(root, path, O_PATH | O_DIRECTORY);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || path === base || path === '') throw error;
    }
    const slash = path.lastIndexOf('/');
    const parent = openDirectory(path.slice(0, slash));
    try {
      const at = fdPath(parent, bytes(path.slice(slash + 1)));
      fs.mkdirSync(at);
      fs.chmodSync(at, 0o755);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    } finally {
      fs.closeSync(parent);
    }
    return openBeneath(root, path, O_PATH | O_DIRECTORY);
  };

  const directoryOf = (parts: readonly string[]): number => {
    const path = [base, ...parts].join('/');
    if (last?.path === path) return last.descriptor;
    const descriptor = openDirectory(path);
    if (last) fs.closeSync(last.descriptor);
    last = { path, descriptor };
    return descriptor;
  };

  const ownerOf = (entry: TarEntry) => options.owner ?? entry;

  const writeBody = async (descriptor: number, { entry, body }: TarItem): Promise<void> => {
    const pieces = entry.sparse?.map ?? [{ offset: 0, length: entry.size }];
    let piece = 0;
    let { offset, length: left } = pieces[0] ?? { offset: 0, length: 0 };
    for await (let chunk of body) {
      while (chunk.length > 0) {
        while (left === 0) {
          piece += 1;
          if (piece >= pieces.length) throw new ExtractError('a sparse file is malformed');
          ({ offset, length: left } = pieces[piece]!);
        }
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        writeWithHoles(descriptor, part, offset);
        offset += part.length;
        left -= part.length;
        chunk = chunk.subarray(part.length);
      }
    }
    fs.ftruncateSync(descriptor, entry.sparse?.size ?? entry.size);
  };

  const addFile = async (directory: number, name: Buffer, item: TarItem): Promise<void> => {
    const { entry } = item;
    const descriptor = fs.openSync(fdPath(directory, name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await writeBody(descriptor, item);
      const { uid, gid } = ownerOf(entry);
      fs.fchownSync(descriptor, uid, gid);
      fs.fchmodSync(descriptor, entry.mode);
      setAttributes(entry, (key, value) => fsetxattr(descriptor, key, value));
      fs.futimesSync(descriptor, entry.mtime, entry.mtime);
    } finally {
      fs.closeSync(descriptor);
    }
  };

  const addDirectory = (directory: number, name: Buffer, path: string, entry: TarEntry): void => {
    const at = fdPath(directory, name);
    const existing = fs.lstatSync(at, { throwIfNoEntry: false });
    if (!existing?.isDirectory()) {
      if (existing) fs.unlinkSync(at);
      fs.mkdirSync(at, 0o700);
    }
    const descriptor = openSubdirectory(directory, name);
    try {
      const { uid, gid } = ownerOf(entry);
      fs.fchownSync(descriptor, uid, gid);
      fs.fchmodSync(descriptor, entry.mode);
      setAttributes(entry, (key, value) => fsetxattr(descriptor, key, value));
    } finally {
      fs.closeSync(descriptor);
    }
    times.set(path, entry.mtime);
  };

  const addHardLink = (directory: number, name: Buffer, entry: TarEntry): void => {
    const parts = components(entry.linkname, 'hard link');
    const target = parts.pop();
    if (target === undefined)
      throw new ExtractError(`invalid hard link ${show(entry.name)} -> ${show(entry.linkname)}`);
    const parent = openBeneath(root, [base, ...parts].join('/'), O_PATH | O_DIRECTORY);
    try {
      // link(2) takes the name itself, also when it is a link.
      fs.linkSync(fdPath(parent, bytes(target)), fdPath(directory, name));
    } finally {
      fs.closeSync(parent);
    }
  };

  const addSpecial = (directory: number, name: Buffer, entry: TarEntry): void => {
    const at = fdPath(directory, name);
    if (entry.type === 'symlink') fs.symlinkSync(bytes(entry.linkname), at);
    else if (entry.type === 'fifo') mknod(at, S_IFIFO | 0o600);
    else mknod(at, (entry.type === 'char' ? S_IFCHR : S_IFBLK) | 0o600, entry.devMajor, entry.devMinor);
    const { uid, gid } = ownerOf(entry);
    fs.lchownSync(at, uid, gid);
    if (entry.type !== 'symlink') {
      // chmod(2) would follow a link that took the name's place.
      const descriptor = fs.openSync(at, O_PATH | O_NOFOLLOW);
      try {
        if (!fs.fstatSync(descriptor).isSymbolicLink()) fs.chmodSync(fdPath(descriptor), entry.mode);
      } finally {
        fs.closeSync(descriptor);
      }
    }
    setAttributes(entry, (key, value) => lsetxattr(at, key, value));
    fs.lutimesSync(at, entry.mtime, entry.mtime);
  };

  /** Makes room for the entry, as Docker does and in its words where it refuses to. */
  const replace = (directory: number, name: Buffer, path: string, entry: TarEntry): void => {
    const existing = fs.lstatSync(fdPath(directory, name), { throwIfNoEntry: false });
    if (!existing) return;
    const isDirectory = entry.type === 'directory';
    const place = show(base || '/');
    if (keepKinds && existing.isDirectory() && !isDirectory) {
      throw new ExtractError(`cannot overwrite directory ${show(path)} with non-directory ${place}`);
    }
    if (keepKinds && !existing.isDirectory() && isDirectory) {
      throw new ExtractError(`cannot overwrite non-directory ${show(path)} with directory ${place}`);
    }
    if (!isDirectory) removeAt(directory, name);
  };

  const addEntry = async (item: TarItem): Promise<void> => {
    const { entry } = item;
    const parts = components(entry.name, 'entry');
    const path = parts.join('/');
    const name = parts.pop();
    // The directory itself stays as it is.
    if (name === undefined) return;
    const directory = directoryOf(parts);
    replace(directory, bytes(name), path, entry);
    if (entry.type === 'directory') addDirectory(directory, bytes(name), path, entry);
    else if (entry.type === 'file') await addFile(directory, bytes(name), item);
    else if (entry.type === 'link') addHardLink(directory, bytes(name), entry);
    else addSpecial(directory, bytes(name), entry);
  };

  return {
    async add(item) {
      try {
        await addEntry(item);
      } catch (error) {
        throw named(error, item.entry.name);
      }
    },
    finish() {
      for (const [path, mtime] of times) {
        try {
          const descriptor = openBeneath(root, `${base}/${path}`, O_PATH | O_DIRECTORY | O_NOFOLLOW);
          fs.utimesSync(fdPath(descriptor), mtime, mtime);
          fs.closeSync(descriptor);
        } catch (error) {
          // The container has removed it since.
          if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error))) throw error;
        }
      }
    },
    close() {
      if (last) fs.closeSync(last.descriptor);
      last = undefined;
    },
  };
}

const REFUSALS = new Map([
  ['EBUSY', 'device or resource busy'],
  ['EEXIST', 'file exists'],
  ['ELOOP', 'too many levels of symbolic links'],
  ['ENAMETOOLONG', 'file name too long'],
  ['ENOENT', 'no such file or directory'],
  ['ENOTDIR', 'not a directory'],
  ['ENOTEMPTY', 'directory not empty'],
  ['EPERM', 'operation not permitted'],
  ['EXDEV', 'invalid cross-device link'],
  ['EINVAL', 'invalid argument'],
  ['EFBIG', 'file too large'],
  ['ERR_OUT_OF_RANGE', 'a number is out of range'],
]);

/** What the tree or the archive makes impossible is told with the entry's name; the rest is for the caller. */
function named(error: unknown, name: string): unknown {
  const reason = REFUSALS.get(codeOf(error));
  return reason === undefined ? error : new ExtractError(`cannot unpack ${show(name)}: ${reason}`);
}

/** What steers overlayfs or labels the host's files is dropped. A filesystem without attributes loses them, as in Docker. */
function setAttributes(entry: TarEntry, set: (name: string, value: Buffer) => void): void {
  for (const [name, value] of entry.xattrs) {
    const isKept = name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));
    if (!isKept || name.length > NAME_LIMIT || value.length > 65_536) continue;
    try {
      set(name, value);
    } catch (error) {
      const isUnsupported = error instanceof InodeError && ['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code);
      if (!isUnsupported) throw error;
    }
  }
}
