import { createHash } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'node:fs';
import type { Match, ScanRequest } from '#core/build/ports.ts';
import { createIgnore, type Ignore } from '#lib/ignore-file.ts';
import { pathMatcher } from '#lib/path-pattern.ts';
import { lgetxattr } from '#os/inode.ts';
import { resolveBelow, toBytes } from './resolve.ts';

/** Finds what a COPY names and computes what its cache depends on. Calls block: for a worker. */

const BLOCK = 1024 * 1024;
const buffer = Buffer.allocUnsafeSlow(BLOCK);

/** In the order of their bytes. */
export const namesOf = (directory: string): string[] =>
  readdirSync(toBytes(directory), { encoding: 'latin1' }).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

function fileDigest(path: string): string {
  const hash = createHash('sha256');
  const descriptor = openSync(toBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (let count = -1; count !== 0; ) {
      count = readSync(descriptor, buffer, 0, BLOCK, null);
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}

export const kindOf = (stat: Stats): Match['kind'] =>
  stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';

/** What is left out of a directory's copy: by its path in the directory, or in the whole tree. */
export function excluder(excludes: readonly string[]): (inDirectory: string, inTree: string) => boolean {
  if (excludes.length === 0) return () => false;
  const ignore: Ignore = createIgnore(excludes);
  return (inDirectory, inTree) => ignore.excludes(inDirectory) || ignore.excludes(inTree);
}

function describe(path: string, stat: Stats, owners: boolean): string[] {
  const facts = [(stat.mode & 0o177777).toString(8)];
  if (owners) facts.push(`${stat.uid}:${stat.gid}`);
  if (stat.isFile()) {
    facts.push(String(stat.size), fileDigest(path));
    const capability = lgetxattr(toBytes(path), 'security.capability');
    if (capability) facts.push(capability.toString('hex'));
  } else if (stat.isSymbolicLink()) facts.push(readlinkSync(toBytes(path), 'latin1'));
  else if (!stat.isDirectory()) facts.push(String(stat.rdev));
  return facts;
}

function hashOf(root: string, path: string, stat: Stats, request: ScanRequest): string {
  const hash = createHash('sha256');
  const isExcluded = excluder(request.excludes);
  const add = (facts: readonly string[]): void => void hash.update(`${JSON.stringify(facts)}\n`);
  const visit = (at: string, inside: string): void => {
    for (const name of namesOf(root + at)) {
      const relative = inside === '' ? name : `${inside}/${name}`;
      const below = `${at}/${name}`;
      const info = lstatSync(toBytes(root + below), { throwIfNoEntry: false });
      if (!info) continue;
      const isLeftOut = isExcluded(relative, below.slice(1));
      if (!isLeftOut) add([relative, ...describe(root + below, info, request.owners)]);
      if (info.isDirectory() && (!isLeftOut || hasExceptions(request))) visit(below, relative);
    }
  };
  add(['', ...describe(root + path, stat, request.owners)]);
  if (stat.isDirectory()) visit(path, '');
  return `${kindOf(stat) === 'directory' ? 'dir' : 'file'}:${hash.digest('hex')}`;
}

export const hasExceptions = ({ excludes }: Pick<ScanRequest, 'excludes'>): boolean =>
  excludes.some((line) => line.startsWith('!'));

/** Paths that match, in order. A pattern has as many parts as what it matches. */
function* walk(root: string, parts: readonly string[], at: string): Generator<string> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  const matches = pathMatcher(part);
  for (const name of namesOf(root + at)) {
    if (!matches(name)) continue;
    const below = `${at}/${name}`;
    if (rest.length === 0) yield below;
    else if (lstatSync(toBytes(root + below), { throwIfNoEntry: false })?.isDirectory()) yield* walk(root, rest, below);
  }
}

/** `root` is latin1. */
export function scanTree(root: string, request: ScanRequest): Match[] {
  const paths = request.wildcards ? [...walk(root, request.path.split('/').filter(Boolean), '')] : [request.path];
  const isExcluded = excluder(request.excludes);
  return paths.flatMap((path): Match[] => {
    const { path: place, stat } = resolveBelow(root, path);
    if (!stat) return [];
    const named = path.replace(/^\/+/, '');
    if (named !== '' && isExcluded(named, named)) return [];
    return [{ path, kind: kindOf(stat), hash: hashOf(root, place, stat, request) }];
  });
}
