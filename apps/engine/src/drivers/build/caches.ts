import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRooms, Owner } from '#core/build/ports.ts';
import { treeSize } from '#os/tree.ts';

/** Directories of `RUN --mount=type=cache`, below `<dataRoot>/build-cache`; the time of each says when it was last used. */
export type Caches = {
  hold(id: string, seed: { owner: Owner; mode: number }): Promise<{ path: string; release: () => void }>;
  list: BuildRooms['caches'];
  prune: BuildRooms['pruneCaches'];
};

export async function createCaches(deps: {
  dataRoot: string;
  throwAway: (path: string) => Promise<void>;
}): Promise<Caches> {
  const root = join(deps.dataRoot, 'build-cache');
  await mkdir(root, { recursive: true, mode: 0o700 });
  const users = new Map<string, number>();

  const list: Caches['list'] = async () => {
    const out = [];
    for (const id of await readdir(root)) {
      const info = await stat(join(root, id)).catch(() => undefined);
      if (!info) continue;
      const bytes = await treeSize(join(root, id));
      out.push({ id, bytes, usedAt: Math.trunc(info.mtimeMs), inUse: users.has(id) });
    }
    return out;
  };

  return {
    list,
    async hold(name, { owner, mode }) {
      const id = createHash('sha256').update(name).digest('hex');
      const directory = join(root, id);
      const path = join(directory, 'data');
      users.set(id, (users.get(id) ?? 0) + 1);
      await mkdir(directory, { recursive: true, mode: 0o711 });
      try {
        await mkdir(path, { mode });
        await chmod(path, mode);
        await chown(path, owner.uid, owner.gid);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const now = new Date();
      await utimes(directory, now, now);
      const release = (): void => {
        const left = (users.get(id) ?? 1) - 1;
        if (left === 0) users.delete(id);
        else users.set(id, left);
      };
      return { path, release };
    },
    async prune({ until }) {
      const ids: string[] = [];
      let bytes = 0;
      for (const cache of await list()) {
        if (users.has(cache.id) || (until !== undefined && cache.usedAt > until)) continue;
        await deps.throwAway(join(root, cache.id));
        ids.push(cache.id);
        bytes += cache.bytes;
      }
      return { ids, bytes };
    },
  };
}
