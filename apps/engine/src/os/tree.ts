import { type Dirent, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { runOk } from './process.ts';

/** Entries worked on at once: the thread pool has four threads. */
const PARALLEL = 16;
const SLASH = Buffer.from('/');

type Entry = Dirent<Buffer>;

const child = (parent: Buffer, name: Buffer): Buffer => Buffer.concat([parent, SLASH, name]);

async function eachParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, lane));
}

const isGone = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Removes a directory and all below it. Names may be any bytes; links are removed, never followed. Idempotent. */
export async function removeTree(path: string): Promise<void> {
  try {
    await removeBelow(Buffer.from(path));
  } catch (error) {
    // A process in a container can nest deeper than a path can say; rm walks by descriptor.
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    await runOk('rm', ['-rf', '--one-file-system', '--', path]);
  }
}

async function removeBelow(directory: Buffer): Promise<void> {
  let entries: Entry[];
  try {
    entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  const directories = entries.filter((entry) => entry.isDirectory());
  const others = entries.filter((entry) => !entry.isDirectory());
  await eachParallel(others, (entry) =>
    unlink(child(directory, entry.name)).catch((error) => {
      if (!isGone(error)) throw error;
    }),
  );
  for (const entry of directories) await removeBelow(child(directory, entry.name));
  await rmdir(directory).catch((error) => {
    if (!isGone(error)) throw error;
  });
}

/** The same, for a thread that may block. */
export function removeTreeSync(path: Buffer): void {
  for (const entry of readdirSync(path, { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) removeTreeSync(child(path, entry.name));
    else unlinkSync(child(path, entry.name));
  }
  rmdirSync(path);
}

/** Bytes of the regular files and links below a directory, hard links counted once. Names may be any bytes. */
export async function treeSize(path: string): Promise<number> {
  const seen = new Set<string>();
  let total = 0;
  const visit = async (directory: Buffer): Promise<void> => {
    let entries: Entry[];
    try {
      entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      // A running container may remove it while we look.
      if (isGone(error)) return;
      throw error;
    }
    await eachParallel(
      entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()),
      async (entry) => {
        const info = await lstat(child(directory, entry.name)).catch((error) => {
          if (isGone(error)) return undefined;
          throw error;
        });
        if (!info) return;
        if (info.nlink > 1) {
          const inode = `${info.dev}:${info.ino}`;
          if (seen.has(inode)) return;
          seen.add(inode);
        }
        total += info.size;
      },
    );
    for (const entry of entries) if (entry.isDirectory()) await visit(child(directory, entry.name));
  };
  await visit(Buffer.from(path));
  return total;
}
