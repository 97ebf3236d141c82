import {
  closeSync,
  constants,
  createReadStream,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import type { CopyRequest, Match } from '#core/build/ports.ts';
import { readTar, type TarEntry, TarError } from '#lib/tar.ts';
import { DecompressError, decompress } from '#os/decompress.ts';
import { lgetxattr } from '#os/inode.ts';
import { createLayerWriter, LayerError, type LayerWriter } from '#os/tar.ts';
import { resolveBelow, toBytes } from './resolve.ts';
import { excluder, hasExceptions, namesOf } from './scan.ts';

/** Copies into a root that becomes a layer. Links are copied as links, except one that is named itself. For a worker. */

const LIMITS = { maxSize: 64 * 1024 ** 3, maxEntries: 2_000_000 };
const BLOCK = 1024 * 1024;
const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

type Job = CopyRequest & { sourceRoot: string; targetRoot: string };
type Copying = { job: Job; writer: LayerWriter; links: Map<string, string> };

async function* nothing(): AsyncGenerator<Buffer> {}

async function* contentOf(path: string, size: number): AsyncGenerator<Buffer> {
  const descriptor = openSync(toBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(BLOCK, Math.max(size, 1)));
    for (let left = size; left > 0; ) {
      const count = readSync(descriptor, buffer, 0, Math.min(left, buffer.length), null);
      if (count === 0) return;
      left -= count;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}

function typeOf(stat: Stats): TarEntry['type'] | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return undefined;
}

/** glibc's major(3) and minor(3). */
const majorOf = (device: number): number => Number((BigInt(device) >> 8n) & 0xfffn);
const minorOf = (device: number): number => Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xffffff00n));

function entryOf({ job }: Copying, path: string, name: string, stat: Stats): TarEntry | undefined {
  const type = typeOf(stat);
  if (type === undefined) return undefined;
  const capability = type === 'file' ? lgetxattr(toBytes(path), 'security.capability') : undefined;
  const isMoved = job.mode !== undefined && type !== 'symlink';
  return {
    name,
    type,
    mode: isMoved ? job.mode! : stat.mode & 0o7777,
    uid: job.owner?.uid ?? stat.uid,
    gid: job.owner?.gid ?? stat.gid,
    size: type === 'file' ? stat.size : 0,
    mtime: stat.mtimeMs / 1000,
    linkname: type === 'symlink' ? readlinkSync(toBytes(path), 'latin1') : '',
    devMajor: type === 'char' || type === 'block' ? majorOf(stat.rdev) : 0,
    devMinor: type === 'char' || type === 'block' ? minorOf(stat.rdev) : 0,
    // A changed owner takes capabilities away, as chown(2) does.
    xattrs: capability ? new Map([['security.capability', Buffer.from(capability)]]) : NO_ATTRIBUTES,
  };
}

/** One entry; a file that was copied before under another name becomes a link to that. */
async function addOne(copying: Copying, path: string, name: string, stat: Stats): Promise<void> {
  const entry = entryOf(copying, path, name, stat);
  if (!entry) return;
  if (entry.type === 'file' && stat.nlink > 1) {
    const { dev, ino } = lstatSync(toBytes(path), { bigint: true });
    const first = copying.links.get(`${dev}:${ino}`);
    if (first !== undefined) {
      return copying.writer.add({ entry: { ...entry, type: 'link', linkname: first, size: 0 }, body: nothing() });
    }
    copying.links.set(`${dev}:${ino}`, name);
  }
  const body = entry.type === 'file' ? contentOf(path, entry.size) : nothing();
  await copying.writer.add({ entry, body });
}

/** Makes the missing parts of a directory's path. */
async function makeDirectories({ job, writer }: Copying, path: string): Promise<void> {
  const parts = path.split('/').filter(Boolean);
  for (let count = 1; count <= parts.length; count += 1) {
    const part = `/${parts.slice(0, count).join('/')}`;
    const stat = lstatSync(toBytes(job.targetRoot + part), { throwIfNoEntry: false });
    if (stat?.isDirectory()) continue;
    if (stat) throw new LayerError(`cannot copy to non-directory: ${show(part)}`);
    await writer.add({ entry: directoryEntry(part, job.owner ?? { uid: 0, gid: 0 }), body: nothing() });
  }
}

export const directoryEntry = (name: string, owner: { uid: number; gid: number }): TarEntry => ({
  name: name.slice(1),
  type: 'directory',
  mode: 0o755,
  ...owner,
  size: 0,
  mtime: Math.floor(Date.now() / 1000),
  linkname: '',
  devMajor: 0,
  devMinor: 0,
  xattrs: NO_ATTRIBUTES,
});

const show = (path: string): string => Buffer.from(path, 'latin1').toString('utf8').slice(0, 300);

async function copyDirectory(copying: Copying, from: string, target: string): Promise<void> {
  const { job, writer } = copying;
  const isExcluded = excluder(job.excludes);
  const keep = hasExceptions(job);
  const source = lstatSync(toBytes(job.sourceRoot + from));
  const isNew = !lstatSync(toBytes(job.targetRoot + target), { throwIfNoEntry: false });
  await makeDirectories(copying, target);
  const visit = async (at: string, inside: string): Promise<void> => {
    for (const name of namesOf(job.sourceRoot + at)) {
      const below = `${at}/${name}`;
      const relative = inside === '' ? name : `${inside}/${name}`;
      const stat = lstatSync(toBytes(job.sourceRoot + below), { throwIfNoEntry: false });
      if (!stat) continue;
      const isLeftOut = isExcluded(relative, below.slice(1));
      if (!isLeftOut) await addOne(copying, job.sourceRoot + below, `${target}/${relative}`.slice(1), stat);
      if (stat.isDirectory() && (!isLeftOut || keep)) await visit(below, relative);
    }
  };
  await visit(from, '');
  const root = isNew && target !== '' ? entryOf(copying, job.sourceRoot + from, target.slice(1), source) : undefined;
  if (root) await writer.add({ entry: root, body: nothing() });
}

/** Whether the file is an archive, compressed or not: its first entry can be read. */
async function isArchive(path: string): Promise<boolean> {
  const stream = createReadStream(toBytes(path));
  try {
    for await (const _ of readTar(decompress(stream))) return true;
    return false;
  } catch (error) {
    if (error instanceof TarError || error instanceof DecompressError) return false;
    throw error;
  } finally {
    stream.destroy();
  }
}

async function extract(copying: Copying, path: string, target: string): Promise<void> {
  const { job, writer } = copying;
  await makeDirectories(copying, target);
  for await (const { entry, body } of readTar(decompress(createReadStream(toBytes(path))))) {
    const name = `${target}/${entry.name}`.slice(1);
    if (entry.name.replace(/^\.?\/*/, '') === '') continue;
    await writer.add({
      entry: {
        ...entry,
        name,
        ...(entry.type === 'link' && { linkname: `${target}/${entry.linkname}` }),
        ...(!job.keepArchiveOwners && job.owner),
        ...(job.mode !== undefined && entry.type !== 'symlink' && { mode: job.mode }),
      },
      body,
    });
  }
}

async function copyItem(copying: Copying, item: Match, place: string, isDirectory: boolean): Promise<void> {
  const { job } = copying;
  const { path: from, stat } = resolveBelow(job.sourceRoot, item.path);
  if (!stat) throw new LayerError(`${show(item.path)}: file does not exist`);
  if (stat.isDirectory()) return copyDirectory(copying, from, place);
  const path = job.sourceRoot + from;
  if (job.extract && stat.isFile() && stat.size > 0 && (await isArchive(path))) return extract(copying, path, place);
  const base = item.name ?? item.path.split('/').filter(Boolean).at(-1) ?? '';
  const parent = isDirectory ? place : place.slice(0, place.lastIndexOf('/'));
  const target = isDirectory ? `${place}/${base}` : place;
  await makeDirectories(copying, parent);
  if (lstatSync(toBytes(job.targetRoot + target), { throwIfNoEntry: false })?.isDirectory()) {
    throw new LayerError(`cannot copy a file over the directory ${show(target)}`);
  }
  await addOne(copying, path, target.slice(1), stat);
}

/** Roots are latin1. Throws LayerError for what the Dockerfile's author is to read. */
export async function copyInto(job: Job): Promise<void> {
  const writer = createLayerWriter(Buffer.from(job.targetRoot, 'latin1').toString('utf8'), {
    lowest: true,
    limits: LIMITS,
    whiteouts: 'refuse',
  });
  const copying: Copying = { job, writer, links: new Map() };
  for (const item of job.items) {
    const { path, stat } = resolveBelow(job.targetRoot, job.target);
    await copyItem(copying, item, path, job.target.endsWith('/') || (stat?.isDirectory() ?? false));
  }
  writer.finish();
}
