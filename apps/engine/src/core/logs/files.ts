import { fstatSync } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** One file of a log, held open: renaming it does not disturb a reader. */
export type LogFile = {
  handle: FileHandle;
  ino: number;
  /** Bytes when it was opened. */
  size: number;
};

/**
 * A log is the file at its path and, when it rotates, older ones beside it: `path.1` is the one before, `path.2` the
 * one before that.
 *
 * @returns all of them that exist, oldest first.
 */
export async function openLog(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const seen = new Set<number>();
  // Newest first: a rotation meanwhile shows a file twice, never not at all.
  for (const name of [path, ...(await rotatedNames(path))]) {
    const file = await openOne(name);
    if (file === null) continue;
    if (seen.has(file.ino)) await file.handle.close();
    else {
      seen.add(file.ino);
      files.push(file);
    }
  }
  return files.reverse();
}

/** The file that follows the one with inode `ino`, or the same when it is still the newest; null when there is none. */
export async function openNext(path: string, ino: number): Promise<LogFile | null> {
  const names = [path, ...(await rotatedNames(path))];
  let newer: string | null = null;
  for (const name of names) {
    const found = await inode(name);
    if (found === ino) return newer === null ? null : openOne(newer);
    if (found !== null) newer = name;
  }
  // It was rotated away altogether: go on with the oldest that is kept.
  return newer === null ? null : openOne(newer);
}

export async function inode(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function openOne(path: string): Promise<LogFile | null> {
  try {
    const handle = await open(path, 'r');
    // Metadata of an open file: no reason to wait for a thread.
    const { ino, size } = fstatSync(handle.fd);
    return { handle, ino, size };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** `path.1`, `path.2`, … that exist, newest first. */
async function rotatedNames(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const numbers: number[] = [];
  for (const name of await readdir(dirname(path)).catch(() => [] as string[])) {
    if (name.startsWith(prefix) && /^[1-9]\d{0,3}$/.test(name.slice(prefix.length))) {
      numbers.push(Number(name.slice(prefix.length)));
    }
  }
  return numbers.sort((a, b) => a - b).map((number) => join(dirname(path), `${prefix}${number}`));
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
