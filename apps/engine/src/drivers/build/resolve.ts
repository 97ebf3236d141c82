import { lstatSync, readlinkSync, type Stats } from 'node:fs';

/**
 * Resolves a path below a root as a process would whose root directory it is:
 * links are followed inside, `..` stops at the root. Nobody else changes the
 * trees of a build while it looks at them. Paths are latin1.
 */
const LINK_LIMIT = 40;

export const toBytes = (path: string): Buffer => Buffer.from(path, 'latin1');

/** A host path as latin1. */
export const hostPath = (path: string): string => Buffer.from(path).toString('latin1');

export type Resolved = {
  /** Without links: empty for the root, else `/a/b`. What is missing is appended as it was named. */
  path: string;
  /** Undefined when there is nothing. */
  stat: Stats | undefined;
};

export class TooManyLinks extends Error {
  constructor() {
    super('too many levels of symbolic links');
    this.name = 'TooManyLinks';
  }
}

/** `root` is latin1, too. */
export function resolveBelow(root: string, path: string): Resolved {
  const todo = path.split('/').filter((part) => part !== '' && part !== '.');
  let at = '';
  let links = 0;
  let stat: Stats | undefined = lstatSync(toBytes(root));
  while (todo.length > 0) {
    const part = todo.shift()!;
    if (part === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
      stat = lstatSync(toBytes(root + at), { throwIfNoEntry: false });
      continue;
    }
    // Below something that is missing, or a file, there is nothing more.
    const next = `${at}/${part}`;
    const found: Stats | undefined = stat?.isDirectory()
      ? lstatSync(toBytes(root + next), { throwIfNoEntry: false })
      : undefined;
    if (!found?.isSymbolicLink()) {
      at = next;
      stat = found;
      continue;
    }
    links += 1;
    if (links > LINK_LIMIT) throw new TooManyLinks();
    const target = readlinkSync(toBytes(root + next), 'latin1');
    if (target.startsWith('/')) {
      at = '';
      stat = lstatSync(toBytes(root));
    }
    todo.unshift(...target.split('/').filter((one) => one !== '' && one !== '.'));
  }
  return { path: at, stat };
}
