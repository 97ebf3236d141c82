import { closeSync, lstatSync, type Stats } from 'node:fs';
import { fdPath, openDirectory, openSubdirectory } from './beneath.ts';
import { fgetxattr } from './inode.ts';
import { createPacker, isGone, latin1, namesIn, type Packer } from './tree-pack.ts';

/**
 * What the upper directory of an overlayfs changes over its lower tree: as a
 * list, and as a layer in the form of the OCI image spec (layer.md). Nothing is
 * written; a container may go on changing the upper directory meanwhile.
 */
export type TreeChange = { path: string; kind: 'modified' | 'added' | 'deleted' };

/** What a runtime needs to be there before it can mount; not the container's doing as long as it is empty. */
const MOUNT_POINTS: ReadonlySet<string> = new Set(
  (
    '/dev /dev/pts /dev/shm /dev/mqueue /dev/console /proc /sys /.dockerenv ' +
    '/etc /etc/hosts /etc/hostname /etc/resolv.conf /run /run/.containerenv'
  ).split(' '),
);

type Pair = { upper: number; lower: number };

const statIn = (directory: number, name: Buffer): Stats | undefined => {
  if (directory < 0) return undefined;
  try {
    return lstatSync(fdPath(directory, name), { throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

const isWhiteout = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0;
const isOpaque = (directory: number): boolean =>
  fgetxattr(directory, 'trusted.overlay.opaque')?.toString('latin1') === 'y';

/** Copied up without a change: opening for writing is enough for that. */
function isSame(a: Stats, b: Stats): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.rdev !== b.rdev) return false;
  return a.isDirectory() || (a.size === b.size && a.mtimeMs === b.mtimeMs);
}

/** The subdirectory on both sides; `lower` is -1 where there is none. Undefined when it has gone. */
function openPair(pair: Pair, name: Buffer, lower: Stats | undefined): Pair | undefined {
  let upper: number;
  try {
    upper = openSubdirectory(pair.upper, name);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
  try {
    return { upper, lower: lower?.isDirectory() ? openSubdirectory(pair.lower, name) : -1 };
  } catch (error) {
    closeSync(upper);
    throw error;
  }
}

function closePair(pair: Pair): void {
  closeSync(pair.upper);
  if (pair.lower >= 0) closeSync(pair.lower);
}

function* changesIn(pair: Pair, prefix: string): Generator<TreeChange, void> {
  const names = namesIn(pair.upper);
  if (pair.lower >= 0 && isOpaque(pair.upper)) {
    const there = new Set(names.map(latin1));
    for (const name of namesIn(pair.lower)) {
      if (!there.has(latin1(name))) yield { path: prefix + latin1(name), kind: 'deleted' };
    }
  }
  for (const name of names) {
    const path = prefix + latin1(name);
    const stat = statIn(pair.upper, name);
    if (!stat) continue;
    const lower = statIn(pair.lower, name);
    if (isWhiteout(stat)) {
      if (lower) yield { path, kind: 'deleted' };
    } else if (stat.isDirectory()) {
      yield* changesOfDirectory(pair, name, path, stat, lower);
    } else if (!lower) {
      if (!(MOUNT_POINTS.has(path) && stat.isFile() && stat.size === 0)) yield { path, kind: 'added' };
    } else if (!isSame(stat, lower)) yield { path, kind: 'modified' };
  }
}

function* changesOfDirectory(
  pair: Pair,
  name: Buffer,
  path: string,
  stat: Stats,
  lower: Stats | undefined,
): Generator<TreeChange, void> {
  const own = openPair(pair, name, lower);
  if (!own) return;
  try {
    const below = changesIn(own, `${path}/`);
    const first = below.next();
    // A directory counts when it changed itself, or as the way to what changed below it.
    const isHidden = lower ? isSame(stat, lower) : MOUNT_POINTS.has(path);
    if (!isHidden || !first.done) yield { path, kind: lower ? 'modified' : 'added' };
    if (!first.done) {
      yield first.value;
      yield* below;
    }
  } finally {
    closePair(own);
  }
}

function withRoots<T>(upper: string, lower: number, work: (pair: Pair) => T): T {
  const descriptor = openDirectory(upper);
  try {
    return work({ upper: descriptor, lower });
  } finally {
    closeSync(descriptor);
  }
}

/** In the order of their paths; names are latin1, one character per byte. `lower` is an open directory. */
export const treeChanges = (upper: string, lower: number): TreeChange[] =>
  withRoots(upper, lower, (pair) => {
    const all = [...changesIn(pair, '/')];
    return all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  });

/** The whole layer as tar. `isStill`: no process of the container runs. */
export function* packLayer(upper: string, lower: number, options: { isStill: boolean }): Generator<Buffer, void> {
  const packer = createPacker(options);
  const root = openDirectory(upper);
  try {
    yield* packLevel(packer, { upper: root, lower }, '');
  } finally {
    closeSync(root);
  }
  yield* packer.finish();
}

/** Writes what the directory contains, and calls `announce` before the first entry. */
function* packLevel(
  packer: Packer,
  pair: Pair,
  prefix: string,
  announce: () => Generator<Buffer, void> = nothing,
): Generator<Buffer, void> {
  let isAnnounced = false;
  function* announced(): Generator<Buffer, void> {
    if (!isAnnounced) yield* announce();
    isAnnounced = true;
  }
  for (const name of namesIn(pair.upper)) {
    const path = prefix + latin1(name);
    const stat = statIn(pair.upper, name);
    if (!stat) continue;
    if (stat.isDirectory()) {
      yield* packDirectory(packer, pair, { name, path, stat }, announced);
      continue;
    }
    const isMountPoint = stat.isFile() && stat.size === 0 && MOUNT_POINTS.has(`/${path}`);
    if (isMountPoint && !statIn(pair.lower, name)) continue;
    yield* announced();
    if (isWhiteout(stat)) yield* packer.mark(`${prefix}.wh.${latin1(name)}`);
    // A name like this would mean something else to whoever unpacks the layer.
    else if (!latin1(name).startsWith('.wh.')) yield* packer.entry(pair.upper, name, path, stat);
  }
}

function* nothing(): Generator<Buffer, void> {}

function* packDirectory(
  packer: Packer,
  pair: Pair,
  { name, path, stat }: { name: Buffer; path: string; stat: Stats },
  announceParent: () => Generator<Buffer, void>,
): Generator<Buffer, void> {
  if (latin1(name).startsWith('.wh.')) return;
  const lower = statIn(pair.lower, name);
  const own = openPair(pair, name, lower);
  if (!own) return;
  let isWritten = false;
  function* announce(): Generator<Buffer, void> {
    if (isWritten) return;
    isWritten = true;
    yield* announceParent();
    yield* packer.directory(own!.upper, path);
    if (isOpaque(own!.upper)) yield* packer.mark(`${path}/.wh..wh..opq`);
  }
  try {
    // Making its mount points has changed the time of theirs.
    const isOwn = MOUNT_POINTS.has(`/${path}`);
    const isHidden = lower ? isSame(stat, lower) && (isOwn || stat.mtimeMs === lower.mtimeMs) : isOwn;
    if (!isHidden || isOpaque(own.upper)) yield* announce();
    yield* packLevel(packer, own, `${path}/`, announce);
  } finally {
    closePair(own);
  }
}
