import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '#os/tree.ts';

/**
 * Directories to be deleted are first renamed, which is one step and quick;
 * the deletion itself happens behind the answer. What a killed engine did not
 * finish is deleted at the next start.
 */
export type Trash = {
  /** Gone from its place when this resolves. Idempotent. */
  throwAway(path: string): Promise<void>;
  /** All of it deleted. */
  emptied(): Promise<void>;
};

const PREFIX = 'trash-';

export async function createTrash(deps: { dataRoot: string; onError: (error: unknown) => void }): Promise<Trash> {
  const temp = join(deps.dataRoot, 'tmp');
  await mkdir(temp, { recursive: true, mode: 0o700 });
  // One after the other: deletion must not take the disk from running containers.
  let queue: Promise<void> = Promise.resolve();
  const remove = (path: string): void => {
    queue = queue.then(() => removeTree(path)).catch(deps.onError);
  };
  for (const name of await readdir(temp)) if (name.startsWith(PREFIX)) remove(join(temp, name));
  return {
    async throwAway(path) {
      const place = join(temp, PREFIX + randomBytes(8).toString('hex'));
      try {
        await rename(path, place);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw error;
      }
      remove(place);
    },
    emptied: () => queue,
  };
}
