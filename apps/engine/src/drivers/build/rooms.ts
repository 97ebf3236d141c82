import { randomBytes } from 'node:crypto';
import { appendFile, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildRoom, BuildRooms, BuildRoot, Match, Owner, Tree } from '#core/build/ports.ts';
import type { ContainerRootfs, HostMounts } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { newId } from '#lib/ids.ts';
import type { Caches } from './caches.ts';
import { type Context, createContext, readRegular } from './context.ts';
import type { Fetch } from './fetch.ts';
import { createMemo, type Memo } from './memo.ts';
import { hostPath, resolveBelow, TooManyLinks, toBytes } from './resolve.ts';
import { type BuildThread, createBuildThread } from './thread.ts';

export type RoomDeps = {
  dataRoot: string;
  rootfs: ContainerRootfs;
  mounts: HostMounts;
  /** Makes a directory the unpacked layer of this name. */
  adoptLayer: (layer: { chainId: string; diffId: string }, directory: string) => Promise<void>;
  /** Gone from its place when it resolves. */
  throwAway: (path: string) => Promise<void>;
  /** By the root's own files. Errors: `invalid_argument`. */
  lookUpUser: (root: string, spec: string) => Owner;
  fetch: Fetch;
  caches: Caches;
};

const PREFIX = 'build-';
/** A longer answer is not kept from build to build. */
const REMEMBERED_MATCHES = 1000;

/** `<dataRoot>/tmp/build-<id>/`: `context`, `context.tar` while it comes, downloads, and the list of its containers. */
export function createBuildRooms(deps: RoomDeps): BuildRooms {
  const temp = join(deps.dataRoot, 'tmp');
  const memo = createMemo();
  return {
    async open() {
      const directory = join(temp, PREFIX + randomBytes(8).toString('hex'));
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const thread = createBuildThread();
      const context = await createContext({ directory, thread, memo });
      return createRoom(deps, { directory, thread, context, memo });
    },
    async recover() {
      const containers: string[] = [];
      for (const name of await readdir(temp).catch(() => [])) {
        if (!name.startsWith(PREFIX)) continue;
        const noted = await readFile(join(temp, name, 'containers'), 'latin1').catch(() => '');
        containers.push(...noted.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id)));
        await deps.throwAway(join(temp, name));
      }
      return containers;
    },
    pruneCaches: deps.caches.prune,
    caches: deps.caches.list,
  };
}

type RoomParts = { directory: string; thread: BuildThread; context: Context; memo: Memo };

function createRoom(deps: RoomDeps, { directory, thread, context, memo }: RoomParts): BuildRoom {
  const images = new Map<string, Promise<Mounted>>();
  const roots = new Set<Mounted>();
  const held: (() => void)[] = [];
  let files = 0;

  const mountRoot = async (imageId: string): Promise<Mounted> => {
    const mounted = await mountImage(deps, imageId);
    roots.add(mounted);
    return mounted;
  };
  const image = (imageId: string): Promise<Mounted> => {
    const known = images.get(imageId) ?? mountRoot(imageId);
    images.set(imageId, known);
    return known;
  };
  const ownDirectory = async (): Promise<string> => {
    files += 1;
    const path = join(directory, `files-${files}`);
    await mkdir(path, { mode: 0o700 });
    return path;
  };
  const isContext = ({ root, identity }: Tree): boolean => identity === undefined && root === context.root;
  /** Images are mounted, and the context unpacked, when somebody looks into them. */
  const rootOf = async (tree: Tree): Promise<string> => {
    if (tree.identity !== undefined) return (await image(tree.identity)).root;
    if (isContext(tree)) await context.ready();
    return tree.root;
  };
  const identityOf = (tree: Tree): readonly unknown[] | undefined =>
    tree.identity !== undefined ? ['image', tree.identity] : isContext(tree) ? context.identity() : undefined;

  return {
    context: { root: context.root },
    receive: context.receive,
    put: context.put,
    read: context.read,
    exclude: context.exclude,
    image: async (imageId) => ({ root: '', identity: imageId }),
    async inline(name, text, options) {
      const root = await ownDirectory();
      await chmod(root, 0o755);
      await writeFile(join(root, name), text);
      await chmod(join(root, name), options?.executable ? 0o755 : 0o644);
      return { root };
    },
    async download(url, { signal }) {
      const root = await ownDirectory();
      const { name, digest, contentType } = await deps.fetch(url, join(root, 'download'), { signal });
      return { tree: { root }, name, digest, isText: contentType.startsWith('text/plain') };
    },
    async receiveFile({ root }, path, { signal }) {
      await context.receiveFile(join(root, path), { signal });
    },
    readFrom: async ({ root }, path, maxBytes) => readRegular(root, path, maxBytes),
    async scan(tree, request, { signal }) {
      const now = async (): Promise<Match[]> => {
        const reply = await thread.run({ kind: 'scan', root: await rootOf(tree), request }, { signal });
        return reply.matches ?? [];
      };
      const known = identityOf(tree);
      return known ? memo.ask([...known, 'scan', request], now, (all) => all.length <= REMEMBERED_MATCHES) : now();
    },
    async locate(tree, path) {
      const root = await rootOf(tree);
      const { path: found, stat } = below(root, path);
      return stat && toBytes(hostPath(root) + found).toString('utf8');
    },
    writable: async (imageId) => createRoot(deps, { thread, rootOf, roots }, await mountRoot(imageId)),
    async *containerLayer({ id, imageId }, { signal, latest, stubs }) {
      const lower = (await image(imageId)).root;
      const upper = join(deps.dataRoot, 'overlay', id, 'upper');
      yield* thread.stream({ kind: 'pack', upper, lower, latest, stubs }, { signal });
    },
    async cacheDirectory(id, seed) {
      const { path, release } = await deps.caches.hold(id, seed);
      held.push(release);
      return path;
    },
    note: (containerId) => appendFile(join(directory, 'containers'), `${containerId}\n`),
    async close() {
      await thread.close();
      await Promise.allSettled(images.values());
      const undone = await Promise.allSettled([...roots].map((root) => root.discard()));
      for (const release of held) release();
      await deps.throwAway(directory);
      for (const one of undone) if (one.status === 'rejected') throw one.reason;
    },
  };
}

function below(root: string, path: string) {
  try {
    return resolveBelow(hostPath(root), path);
  } catch (cause) {
    if (!(cause instanceof TooManyLinks)) throw cause;
    throw new EngineError('invalid_argument', cause.message, { cause });
  }
}

type Mounted = { id: string; root: string; unmount(): Promise<void>; discard(): Promise<void> };

/** A root over an image, mounted where nothing runs. */
async function mountImage(deps: RoomDeps, imageId: string): Promise<Mounted> {
  const id = newId();
  const root = join(deps.dataRoot, 'overlay', id, 'merged');
  let isMounted = false;
  let isGone = false;
  const unmount = async (): Promise<void> => {
    if (!isMounted) return;
    isMounted = false;
    await deps.mounts.unmount(root);
  };
  const discard = async (): Promise<void> => {
    if (isGone) return;
    isGone = true;
    await unmount();
    await deps.rootfs.remove(id);
  };
  try {
    await deps.rootfs.prepare(id, imageId);
    await deps.mounts.mount(await deps.rootfs.mounts(id, imageId, root));
    isMounted = true;
  } catch (error) {
    await discard();
    throw error;
  }
  return { id, root, unmount, discard };
}

type RootParts = { thread: BuildThread; rootOf: (tree: Tree) => Promise<string>; roots: Set<Mounted> };

function createRoot(deps: RoomDeps, { thread, rootOf, roots }: RootParts, mounted: Mounted): BuildRoot {
  const upper = join(deps.dataRoot, 'overlay', mounted.id, 'upper');
  return {
    async copy(request, { signal }) {
      const sourceRoot = await rootOf(request.from);
      await thread.run({ kind: 'copy', sourceRoot, targetRoot: mounted.root, request }, { signal });
    },
    async makeDirectory(path) {
      const { path: place, stat } = below(mounted.root, path);
      if (stat?.isDirectory()) return false;
      if (stat) throw new EngineError('invalid_argument', `cannot mkdir: ${path.slice(0, 300)} is not a directory`);
      await makeBelow(hostPath(mounted.root), place);
      return true;
    },
    owner: (spec) => deps.lookUpUser(mounted.root, spec),
    async *layer({ signal, latest }) {
      // Unmounted, the upper directory is complete and stays as it is.
      await mounted.unmount();
      yield* thread.stream({ kind: 'pack', upper, latest }, { signal });
    },
    async adopt(layer) {
      await mounted.unmount();
      await deps.adoptLayer(layer, upper);
    },
    async discard() {
      roots.delete(mounted);
      await mounted.discard();
    },
  };
}

/** `root` and `path` are latin1; nothing on the way is a link. */
async function makeBelow(root: string, path: string): Promise<void> {
  const parts = path.split('/').filter(Boolean);
  for (let count = 1; count <= parts.length; count += 1) {
    const at = toBytes(`${root}/${parts.slice(0, count).join('/')}`);
    try {
      await mkdir(at);
      await chmod(at, 0o755);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      if (code !== 'ENOTDIR' && code !== 'ENAMETOOLONG') throw error;
      throw new EngineError('invalid_argument', `cannot mkdir: ${toBytes(path).toString('utf8').slice(0, 300)}`, {
        cause: error,
      });
    }
  }
}
