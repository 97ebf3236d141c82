import { chmod, writeFile } from 'node:fs/promises';
import { EngineError } from '#core/errors.ts';
import type { Mount } from '#core/mount.ts';
import { makeDirectory } from '#lib/make-directory.ts';
import type { ContainerRecord } from './types.ts';

/**
 * The three files the engine writes for a container. Written in place, not by
 * rename: a running container has them bind-mounted and sees only the inode.
 */
export async function writeFiles(
  record: ContainerRecord,
  text: { hosts: string; resolvConf: string; hostname: string },
): Promise<void> {
  await Promise.all([
    writeReadable(record.hostsPath, text.hosts),
    writeReadable(record.resolvConfPath, text.resolvConf),
    writeReadable(record.hostnamePath, `${text.hostname}\n`),
  ]);
}

/** For every user of the container. */
async function writeReadable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o644);
}

/** Their places in the container. Of another container's when it lends its network. */
export function fileMounts(owner: ContainerRecord): Mount[] {
  return [
    ['/etc/resolv.conf', owner.resolvConfPath],
    ['/etc/hostname', owner.hostnamePath],
    ['/etc/hosts', owner.hostsPath],
  ].map(([target = '', source = '']) => ({ type: 'bind', source, target, options: ['rbind', 'rprivate', 'rw'] }));
}

/** `-v /host/dir:…` of a directory that does not exist makes it. */
export async function makeBindSources(record: ContainerRecord): Promise<void> {
  for (const mount of record.mounts) {
    if (mount.Type !== 'bind' || !mount.CreateSource) continue;
    try {
      await makeDirectory(mount.Source, 0o755);
    } catch (error) {
      // A file is a fine source, too.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new EngineError(
        'invalid_argument',
        `error while creating mount source path '${mount.Source}': mkdir ${mount.Source}: ${reason(error)}`,
        { cause: error },
      );
    }
  }
}

const reason = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTDIR') return 'not a directory';
  if (code === 'EROFS') return 'read-only file system';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOSPC') return 'no space left on device';
  return code ?? 'failed';
};
