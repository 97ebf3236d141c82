import type { PathChange, PathStat } from '#core/containers/archive-ports.ts';

/** Go's os.FileMode: permission bits as they are, the rest in places of their own. */
const TYPES: ReadonlyMap<number, number> = new Map([
  [0o010000, 2 ** 25], // named pipe
  [0o020000, 2 ** 26 + 2 ** 21], // character device
  [0o040000, 2 ** 31], // directory
  [0o060000, 2 ** 26], // block device
  [0o120000, 2 ** 27], // symbolic link
  [0o140000, 2 ** 24], // socket
]);
const SPECIAL: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

export function goFileMode(mode: number): number {
  let out = (mode & 0o777) + (TYPES.get(mode & 0o170000) ?? 0);
  for (const [bit, value] of SPECIAL) if (mode & bit) out += value;
  return out;
}

const text = (name: string): string => Buffer.from(name, 'latin1').toString('utf8');

/** The value of `X-Docker-Container-Path-Stat`: JSON in base64. */
export function pathStatHeader({ name, size, mode, mtimeMs, linkTarget }: PathStat): string {
  const stat = {
    name: text(name),
    size,
    mode: goFileMode(mode),
    mtime: new Date(mtimeMs).toISOString(),
    linkTarget: text(linkTarget),
  };
  return Buffer.from(JSON.stringify(stat)).toString('base64');
}

const KINDS: Readonly<Record<PathChange['kind'], number>> = { modified: 0, added: 1, deleted: 2 };

export const changeToDocker = ({ path, kind }: PathChange) => ({ Path: text(path), Kind: KINDS[kind] });
