import type { PathChange, PathStat } from '#core/containers/archive-ports.ts';

/** Go's os.FileMode: permission bits as they are, the rest in places of their own. */
const TYPES: Readonly<Record<number, number>> = {
  2401: 2 ** 25, // named pipe
  4802: 2 ** 26 + 2 ** 21, // character device
  9604: 2 ** 31, // directory
  14406: 2 ** 26, // block device
  21609: 2 ** 27, // symbolic link
  26411: 2 ** 24, // socket
};
const SPECIAL: readonly (readonly [number, number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

export function goFileMode(mode: number): number {
  let out = (mode & 0o777) + (TYPES[mode & 0o170000] ?? 0);
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
