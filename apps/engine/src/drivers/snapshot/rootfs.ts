import {
  access,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerRootfs } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { makeDirectory } from '#lib/make-directory.ts';
import { run } from '#os/process.ts';
import { treeSize } from '#os/tree.ts';
import type { Layers } from './layers.ts';
import type { Trash } from './trash.ts';

/** mount(2) takes one page of data. */
const MOUNT_DATA_LIMIT = 4095;

/** What a writable layer stands on: chain ids and directories, lowest first. Kept with it, for the image may go first. */
type Lower = { chains: string[]; directories: string[] };

/** Where layers and writable layers are, as paths that fit the mount. */
type Places = { layers: string; overlay: string };

async function requireOverlay(): Promise<void> {
  const isThere = async () => /\toverlay$/m.test(await readFile('/proc/filesystems', 'utf8'));
  if (await isThere()) return;
  const loaded = await run('modprobe', ['overlay'], { timeout: 10_000 }).catch(() => undefined);
  if (loaded?.code === 0 && (await isThere())) return;
  throw new EngineError('unavailable', 'this kernel has no overlay filesystem: containers need it (modprobe overlay)');
}

/**
 * A container's root: overlayfs with the image's layers below and
 * `<dataRoot>/overlay/<id>/upper` on top.
 */
export async function createRootfs(deps: {
  dataRoot: string;
  runDir: string;
  /** Chain ids of an image, lowest first; undefined when the image is unknown. */
  chainsOf: (imageId: string) => readonly string[] | undefined;
  layers: () => Layers;
  trash: Trash;
}): Promise<ContainerRootfs & { isInUse(chainId: string): boolean }> {
  const root = join(deps.dataRoot, 'overlay');
  await mkdir(root, { recursive: true, mode: 0o700 });
  const lowers = new Map<string, Lower>();
  for (const id of await readdir(root)) {
    const text = await readFile(join(root, id, 'lower'), 'utf8').catch(() => undefined);
    // Without it the container's image says what is below.
    if (text) lowers.set(id, JSON.parse(text) as Lower);
  }
  let overlay: Promise<void> | undefined;
  let links: Promise<Places> | undefined;
  const plainPlaces: Places = { layers: join(deps.dataRoot, 'layers'), overlay: root };

  const lowerOf = (containerId: string, imageId: string): Lower => {
    const known = lowers.get(containerId);
    if (known) return known;
    const chains = deps.chainsOf(imageId);
    if (!chains) throw new EngineError('not_found', `No such image: ${imageId}`);
    const directories = chains.map((chain) => {
      const directory = deps.layers().directoryOf(chain);
      if (directory === undefined) throw new EngineError('internal', `layer ${chain} of image ${imageId} is missing`);
      return directory;
    });
    return { chains: [...chains], directories };
  };

  /** Links in the run directory: short, and without the characters that mean something to overlayfs. */
  const shortPlaces = async (): Promise<Places> => {
    await mkdir(deps.runDir, { recursive: true, mode: 0o711 });
    const link = async (name: string, target: string) => {
      const path = join(deps.runDir, name);
      if ((await readlink(path).catch(() => undefined)) === target) return path;
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await symlink(target, path);
      return path;
    };
    return { layers: await link('l', plainPlaces.layers), overlay: await link('o', plainPlaces.overlay) };
  };

  /** Directories below the writable layer, topmost first. */
  const directoriesBelow = (places: Places, id: string, lower: Lower): string[] => {
    const lowerdirs = [...lower.directories].reverse().map((name) => join(places.layers, name));
    return lowerdirs.length > 0 ? lowerdirs : [join(places.overlay, id, 'empty')];
  };

  /** Two ways to put a root together: to run in, and to look at, with the writable layer as one of those below. */
  const optionsFor = (places: Places, id: string, lower: Lower, use: 'run' | 'look' | 'lower'): string[] => {
    const below = directoriesBelow(places, id, lower);
    const upper = join(places.overlay, id, 'upper');
    if (use !== 'run') return [`lowerdir=${(use === 'look' ? [upper, ...below] : below).join(':')}`];
    return [`lowerdir=${below.join(':')}`, `upperdir=${upper}`, `workdir=${join(places.overlay, id, 'work')}`];
  };

  const fits = (options: readonly string[]): boolean =>
    options.join(',').length <= MOUNT_DATA_LIMIT && options.every((option) => !/[,\\]/.test(option));

  const overlayOptions = async (id: string, lower: Lower, use: 'run' | 'look' | 'lower'): Promise<string[]> => {
    const plain = optionsFor(plainPlaces, id, lower, use);
    if (fits(plain) && !deps.dataRoot.includes(':')) return plain;
    links ??= shortPlaces();
    const short = optionsFor(await links, id, lower, use);
    if (fits(short)) return short;
    throw new EngineError('unavailable', `the image has too many layers for one mount (${lower.directories.length})`);
  };

  return {
    async prepare(containerId, imageId) {
      overlay ??= requireOverlay();
      await overlay.catch((error) => {
        overlay = undefined;
        throw error;
      });
      const lower = lowerOf(containerId, imageId);
      const directory = join(root, containerId);
      // From here on the layers are in use, whatever happens to the image meanwhile.
      lowers.set(containerId, lower);
      try {
        await mkdir(directory, { recursive: true, mode: 0o710 });
        await Promise.all([
          makeDirectory(join(directory, 'upper'), 0o755),
          mkdir(join(directory, 'work'), { mode: 0o700, recursive: true }),
          mkdir(join(directory, 'merged'), { mode: 0o700, recursive: true }),
          lower.directories.length === 0 && makeDirectory(join(directory, 'empty'), 0o755),
          writeFile(join(directory, 'lower.new'), JSON.stringify(lower), { mode: 0o600 }),
        ]);
        await rename(join(directory, 'lower.new'), join(directory, 'lower'));
      } catch (error) {
        lowers.delete(containerId);
        await deps.trash.throwAway(directory);
        throw error;
      }
    },
    async mounts(containerId, imageId, target) {
      const lower = lowerOf(containerId, imageId);
      await access(join(root, containerId, 'upper')).catch((cause) => {
        throw new EngineError('internal', `container ${containerId} has no writable layer`, { cause });
      });
      return [{ type: 'overlay', source: 'overlay', target, options: await overlayOptions(containerId, lower, 'run') }];
    },
    async look(containerId, imageId) {
      const lower = lowerOf(containerId, imageId);
      return { type: 'overlay', source: 'overlay', options: await overlayOptions(containerId, lower, 'look') };
    },
    async layer(containerId, imageId) {
      const lower = lowerOf(containerId, imageId);
      const below = directoriesBelow(plainPlaces, containerId, lower);
      return {
        upper: join(root, containerId, 'upper'),
        lower:
          // One directory needs no overlay, and the kernel makes none of one.
          below.length === 1
            ? { type: 'bind', source: below[0]!, options: ['bind'] }
            : { type: 'overlay', source: 'overlay', options: await overlayOptions(containerId, lower, 'lower') },
      };
    },
    async remove(containerId) {
      const directory = join(root, containerId);
      const [own, merged] = await Promise.all([
        lstat(directory).catch(() => undefined),
        lstat(join(directory, 'merged')).catch(() => undefined),
      ]);
      // Deleting through a mount would delete what is mounted.
      if (own && merged && own.dev !== merged.dev) {
        throw new EngineError('internal', `the root filesystem of container ${containerId} is still mounted`);
      }
      await deps.trash.throwAway(directory);
      if (lowers.delete(containerId)) await deps.layers().sweep();
    },
    async size(containerId, imageId) {
      const rw = await treeSize(join(root, containerId, 'upper'));
      const lower = lowerOf(containerId, imageId);
      return { rw, rootFs: lower.chains.reduce((sum, chain) => sum + (deps.layers().size(chain) ?? 0), rw) };
    },
    list: () => readdir(root),
    isInUse(chainId) {
      for (const lower of lowers.values()) if (lower.chains.includes(chainId)) return true;
      return false;
    },
  };
}
