import { lstat, mkdir, open, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { VolumeStorage } from '#core/volumes/ports.ts';
import { makeDirectory } from '#lib/make-directory.ts';
import { copyTreeInRoot } from '#os/copy-tree.ts';
import { readMounts, unmount } from '#os/mount.ts';
import { run, runOk } from '#os/process.ts';
import { removeTree } from '#os/tree.ts';

/** Milliseconds: a server that does not answer must not hold a start for ever. */
const MOUNT_PATIENCE = 60_000;

/** No volume's name begins with a dot. */
const ASIDE = '.removed-';

/** Volumes as `<directory>/<name>/_data`: the place under which everything that reads Docker's expects them. */
export function createVolumeStorage(deps: { directory: string }): VolumeStorage {
  const home = (name: string): string => join(deps.directory, name);
  const data = (name: string): string => join(home(name), '_data');
  const isMounted = (name: string): boolean => {
    // The kernel's names are bytes, here one character each.
    const path = Buffer.from(data(name)).toString('latin1');
    return readMounts().some((mount) => mount.mountPoint === path);
  };

  const aside = (name: string): string => join(deps.directory, `${ASIDE}${name}`);

  async function create(name: string): Promise<boolean> {
    await mkdir(deps.directory, { recursive: true, mode: 0o711 });
    if (!(await makeDirectory(data(name), 0o755))) return false;
    await syncDirectory(home(name));
    await syncDirectory(deps.directory);
    return true;
  }

  /** Durable: what a crash leaves is one of the two names. */
  async function move(from: string, to: string): Promise<void> {
    try {
      await rename(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    await syncDirectory(deps.directory);
  }

  return {
    mountpoint: data,
    create,
    async setAside(name) {
      // Whatever is mounted there belongs to somebody else: never delete through it.
      if (isMounted(name)) throw new EngineError('conflict', `remove ${name}: something is mounted on the volume`);
      await removeTree(aside(name));
      await move(home(name), aside(name));
    },
    putBack: (name) => move(aside(name), home(name)),
    removeAside: (name) => removeTree(aside(name)),
    async removeEmpty(name) {
      // rmdir(2) never takes data along, nor what is mounted.
      return (await removeIfEmpty(data(name))) && (await removeIfEmpty(home(name)));
    },
    async list() {
      const entries = await readdir(deps.directory, { withFileTypes: true }).catch(() => []);
      const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
      return {
        present: names.filter((name) => !name.startsWith(ASIDE)),
        aside: names.filter((name) => name.startsWith(ASIDE)).map((name) => name.slice(ASIDE.length)),
      };
    },
    async mount(name, options) {
      await create(name);
      if (!isMounted(name)) await mountOptions(name, data(name), options);
    },
    async unmount(name) {
      await unmount(data(name), { lazy: true });
    },
    async copyUp(name, root, path) {
      await create(name);
      if ((await readdir(data(name))).length > 0) return;
      try {
        await copyTreeInRoot(root, path, data(name));
      } catch (error) {
        await runOk('find', [data(name), '-mindepth', '1', '-delete']);
        throw error;
      }
    },
    async size(name) {
      const done = await lstat(data(name)).catch(() => null);
      if (!done) return 0;
      // Files that vanish while they are counted make du's exit code 1, not its answer wrong.
      const { stdout } = await run('du', ['-s', '-x', '--block-size=1', '--', data(name)]);
      return Number(stdout.split('\t')[0]) || 0;
    },
  };
}

/** True when it is gone afterwards. */
async function removeIfEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EBUSY' || code === 'ENOTDIR') return false;
    if (code === 'ENOENT') return true;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** By mount(8): it resolves the names of servers and knows the helpers of network filesystems. */
async function mountOptions(name: string, target: string, options: Readonly<Record<string, string>>): Promise<void> {
  const { type = 'none', device = '', o = '' } = options;
  const settings = o === '' ? [] : ['-o', o];
  try {
    await runOk('mount', ['-t', type, ...settings, '--', device, target], { timeout: MOUNT_PATIENCE });
  } catch (error) {
    const reason = error instanceof EngineError ? error.message : 'failed';
    const text = `error while mounting volume '${target}': failed to mount local volume ${name}: mount ${device}:${target}, data: ${o}: ${reason}`;
    throw new EngineError('internal', text, { cause: error });
  }
}
