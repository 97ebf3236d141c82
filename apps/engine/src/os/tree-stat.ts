import { closeSync, fstatSync, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { fdPath, holdName, O_PATH, openBeneath } from './beneath.ts';

/** One path below a root that somebody else changes, as `docker cp` understands paths. Names are latin1. */
export type HeldPath = {
  /** Of what the path names, as a place; a link itself when it is one. */
  descriptor: number;
  stat: Stats;
  /** Its directory, and its name there; undefined for the root and after a trailing `/` or `/.`. */
  parent?: { descriptor: number; name: string };
  /** Last component as asked for: `/` for the root, `.` when the path ends so. */
  name: string;
  /** For a link: the absolute path where it leads below the root, whether or not something is there. */
  linkTarget: string;
  close(): void;
};

const LINK_LIMIT = 40;

/** `/a/b` without `.`, `..` and doubled slashes; the trailing `/` or `/.` that a user has written stays. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  if (parts.length === 0) return clean;
  if (/(^|\/)\.$/.test(path)) return `${clean}/.`;
  return path.endsWith('/') ? `${clean}/` : clean;
}

/** Throws errors with an errno name as `code`. */
export function holdPath(root: number, path: string): HeldPath {
  const absolute = cleanPath(path);
  const slash = absolute.lastIndexOf('/');
  const last = absolute.slice(slash + 1);
  if (last === '' || last === '.') return holdFollowed(root, absolute, last);
  const parent = openBeneath(root, absolute.slice(0, slash) || '/', O_PATH);
  let descriptor = -1;
  const close = () => {
    if (descriptor >= 0) closeSync(descriptor);
    closeSync(parent);
  };
  try {
    const held = holdName(parent, Buffer.from(last, 'latin1'));
    descriptor = held.descriptor;
    const linkTarget = held.stat.isSymbolicLink() ? whereItLeads(root, absolute) : '';
    return { ...held, parent: { descriptor: parent, name: last }, name: last, linkTarget, close };
  } catch (error) {
    close();
    throw error;
  }
}

function holdFollowed(root: number, absolute: string, last: string): HeldPath {
  const descriptor = openBeneath(root, absolute, O_PATH);
  const before = absolute.slice(0, -1 - last.length);
  const name = last === '.' ? '.' : before.slice(before.lastIndexOf('/') + 1) || '/';
  return {
    descriptor,
    stat: fstatSync(descriptor),
    name,
    linkTarget: '',
    close: () => closeSync(descriptor),
  };
}

/** Follows all links as text; beyond what exists the rest is taken as it is. */
function whereItLeads(root: number, path: string): string {
  let done: string[] = [];
  const todo = path.split('/').filter(Boolean);
  let links = 0;
  while (todo.length > 0) {
    const part = todo.shift()!;
    if (part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkAt(root, done, part);
    if (target === undefined) done.push(part);
    else {
      links += 1;
      if (links > LINK_LIMIT) return `/${[...done, part, ...todo].join('/')}`;
      if (target.startsWith('/')) done = [];
      todo.unshift(...target.split('/').filter(Boolean));
    }
  }
  return `/${done.join('/')}`;
}

function linkAt(root: number, directory: readonly string[], name: string): string | undefined {
  let parent = -1;
  try {
    parent = openBeneath(root, directory.join('/'), O_PATH);
    const at = fdPath(parent, Buffer.from(name, 'latin1'));
    return lstatSync(at).isSymbolicLink() ? readlinkSync(at, 'latin1') : undefined;
  } catch {
    // Missing, or no directory: nothing there leads further.
    return undefined;
  } finally {
    if (parent >= 0) closeSync(parent);
  }
}
