import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { appendFile, chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { BuildRoom, BuildRooms, BuildRoot, Owner, Tree } from '#core/build/ports.ts';
import type { ContainerRootfs, HostMounts } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { newId } from '#lib/ids.ts';
import { readInRoot } from '#os/rootfile.ts';
import type { Caches } from './caches.ts';
import type { Fetch } from './fetch.ts';
import { hostPath, resolveBelow, TooManyLinks, toBytes } from './resolve.ts';
import { createBuildThread } from './thread.ts';

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
/** Bytes of a context as sent. */
const CONTEXT_LIMIT = 32 * 1024 ** 3;

/** `<dataRoot>/tmp/build-<id>/`: `context`, `context.tar` while it comes, downloads, and the list of its containers. */
export function createBuildRooms(deps: RoomDeps): BuildRooms {
  const temp = join(deps.dataRoot, 'tmp');
  return {
    async open() {
      const directory = join(temp, PREFIX + randomBytes(8).toString('hex'));
      await mkdir(join(directory, 'context'), { recursive: true, mode: 0o700 });
      // `COPY . /app` gives its mode to what it makes; the way to it stays closed.
      await chmod(join(directory, 'context'), 0o755);
      return createRoom(deps, directory);
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

function createRoom(deps: RoomDeps, directory: string): BuildRoom {
  const thread = createBuildThread();
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
  const context: Tree = { root: join(directory, 'context') };

  return {
    context,
    async receive(source, { signal }) {
      const archive = join(directory, 'context.tar');
      await pipeline(bounded(source), createWriteStream(archive, { mode: 0o600 }), { signal });
      await thread.run({ kind: 'receive', archive, target: context.root }, { signal });
      await rm(archive);
    },
    async put(name, bytes) {
      await writeFile(join(context.root, name), bytes);
      await chmod(join(context.root, name), 0o644);
    },
    read: async (path, maxBytes) => readRegular(context.root, path, maxBytes),
    exclude: async (lines) => void (await thread.run({ kind: 'exclude', root: context.root, lines })),
    async image(imageId) {
      return { root: (await image(imageId)).root, identity: imageId };
    },
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
      await thread.run({ kind: 'receive', archive: join(root, path), target: context.root }, { signal });
    },
    readFrom: async ({ root }, path, maxBytes) => readRegular(root, path, maxBytes),
    async scan(tree, request, { signal }) {
      const reply = await thread.run({ kind: 'scan', root: tree.root, request }, { signal });
      return reply.matches ?? [];
    },
    locate(tree, path) {
      const { path: found, stat } = below(tree.root, path);
      return stat && toBytes(hostPath(tree.root) + found).toString('utf8');
    },
    writable: async (imageId) => createRoot(deps, thread, await mountRoot(imageId), roots),
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

function readRegular(root: string, path: string, maxBytes: number): Buffer | null {
  try {
    return readInRoot(root, path, maxBytes);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const message = error.message.replace('of the container', 'of the build context');
    throw new EngineError(error.code, message, { cause: error });
  }
}

function below(root: string, path: string) {
  try {
    return resolveBelow(hostPath(root), path);
  } catch (cause) {
    if (!(cause instanceof TooManyLinks)) throw cause;
    throw new EngineError('invalid_argument', cause.message, { cause });
  }
}

async function* bounded(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > CONTEXT_LIMIT) throw new EngineError('too_large', `the context is larger than ${CONTEXT_LIMIT} bytes`);
    yield chunk;
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

function createRoot(
  deps: RoomDeps,
  thread: ReturnType<typeof createBuildThread>,
  mounted: Mounted,
  roots: Set<Mounted>,
): BuildRoot {
  const upper = join(deps.dataRoot, 'overlay', mounted.id, 'upper');
  return {
    async copy(request, { signal }) {
      await thread.run({ kind: 'copy', sourceRoot: request.from.root, targetRoot: mounted.root, request }, { signal });
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
