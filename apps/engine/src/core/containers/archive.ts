import type { Readable } from 'node:stream';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { announce } from './announce.ts';
import type { FilesRoot, PathChange, PathStat } from './archive-ports.ts';
import type { Context } from './context.ts';
import { fileMounts, makeBindSources } from './files.ts';
import { rootfsPath } from './paths.ts';
import { isLive } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';

/**
 * Files in and out of containers. A running one is entered through the root of
 * its first process, so that its volumes, binds and tmpfs are there as it sees
 * them. For one that does not run the root is put together out of sight, with
 * its volumes and binds; only writing keeps it from being started meanwhile.
 */

/** A container that ends while we look is looked at once more, as one that does not run. */
const ATTEMPTS = 3;

export type CopyInOptions = { noOverwriteDirNonDir: boolean; copyUidGid: boolean; signal: AbortSignal };

function find(context: Context, reference: string): ContainerRecord {
  const record = context.collection.resolve(reference);
  auditScope.object('container', record.id, record.name);
  return record;
}

function assertThere(record: ContainerRecord, what: string): void {
  const { status } = record.state;
  if (status === 'dead') throw new EngineError('conflict', `You cannot ${what} container ${record.id} which is Dead`);
  if (status !== 'removing') return;
  throw new EngineError('conflict', `You cannot ${what} container ${record.id} which is being removed`);
}

const missing = (path: string, reference: string, cause: unknown): EngineError =>
  new EngineError(
    'not_found',
    `Could not find the file ${Buffer.from(path, 'latin1').toString('utf8')} in container ${reference}`,
    { cause },
  );

/** Runs the work, and again when the container has ended under it. `work` gets the record as it is now. */
async function withRecord<T>(
  context: Context,
  id: string,
  what: string,
  work: (record: ContainerRecord) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const record = context.collection.resolve(id);
    assertThere(record, what);
    try {
      // A container that runs needs no lock: it is held by its process.
      return await (isLive(record) ? work(record) : context.lock(id, () => whileStopped(context, id, what, work)));
    } catch (error) {
      const isStale = isEngineError(error, 'conflict') && error.details?.gone === true;
      if (!isStale || attempt === ATTEMPTS) throw error;
      // The exit is noted under the lock.
      await context.lock(id, async () => undefined);
    }
  }
}

async function whileStopped<T>(
  context: Context,
  id: string,
  what: string,
  work: (record: ContainerRecord) => Promise<T>,
): Promise<T> {
  const record = context.collection.resolve(id);
  assertThere(record, what);
  return work(record);
}

/** Where the files are, for the time of `work`. Mounts that `work` has opened outlive it. */
async function withRoot<T>(
  context: Context,
  record: ContainerRecord,
  use: 'look' | 'write',
  work: (root: FilesRoot) => Promise<T>,
): Promise<T> {
  const { id, imageId, state, hostConfig } = record;
  if (isLive(record)) return work({ kind: 'process', pid: state.pid, pidStartTime: state.pidStartTime });
  if (use === 'write') await makeBindSources(record);
  const names = new Set(record.mounts.flatMap((mount) => (mount.Type === 'volume' && mount.Name ? [mount.Name] : [])));
  const acquired: string[] = [];
  try {
    const sources = new Map<string, string>();
    for (const name of names) {
      sources.set(name, await context.volumes.acquire(name, id));
      acquired.push(name);
    }
    const rootfs = use === 'look' ? await context.rootfs.look(id, imageId) : await writableRoot(context, record);
    return await work({
      kind: 'mounts',
      rootfs,
      scratch: use === 'look',
      readOnly: hostConfig.ReadonlyRootfs && use === 'write',
      binds: bindsOf(record, sources),
    });
  } finally {
    for (const name of acquired) await context.volumes.release(name, id);
  }
}

async function writableRoot(context: Context, { id, imageId }: ContainerRecord) {
  const [rootfs] = await context.rootfs.mounts(id, imageId, rootfsPath(context.paths, id));
  if (!rootfs) throw new EngineError('internal', `container ${id} has no root filesystem`);
  return rootfs;
}

const depth = (path: string): number => path.split('/').length;

/** The user's mounts and the engine's own files. A tmpfs has nothing in it while the container does not run. */
function bindsOf(record: ContainerRecord, volumes: ReadonlyMap<string, string>) {
  const own = record.mounts
    .filter((mount) => mount.Type !== 'tmpfs')
    .map((mount) => {
      const base = (mount.Name !== undefined && volumes.get(mount.Name)) || mount.Source;
      return {
        source: mount.Type === 'volume' && mount.Subpath ? `${base}/${mount.Subpath}` : base,
        target: mount.Destination,
        recursive: !mount.NonRecursive,
        readOnly: !mount.RW,
      };
    });
  const taken = new Set(own.map((bind) => bind.target));
  const files = fileMounts(record)
    .filter((mount) => mount.source !== '' && !taken.has(mount.target))
    .map(({ source, target }) => ({ source, target, recursive: false, readOnly: false }));
  return [...files, ...own].sort((a, b) => depth(a.target) - depth(b.target));
}

/** `HEAD /containers/{id}/archive`. Errors: `not_found` in Docker's words. */
export async function statPath(context: Context, reference: string, path: string): Promise<PathStat> {
  const { id } = find(context, reference);
  try {
    return await withRecord(context, id, 'copy from', (record) =>
      withRoot(context, record, 'look', (root) => context.files.stat(root, path)),
    );
  } catch (error) {
    throw isMissing(error) ? missing(path, reference, error) : error;
  }
}

const isMissing = (error: unknown): boolean => isEngineError(error, 'not_found') && error.details?.missing === true;

/** `docker cp container:path -`: what a path names, as tar. */
export async function copyOut(
  context: Context,
  reference: string,
  path: string,
  options: { signal: AbortSignal },
): Promise<{ stat: PathStat; body: Readable }> {
  const { id } = find(context, reference);
  auditScope.detail({ path: Buffer.from(path, 'latin1').toString('utf8') });
  try {
    const result = await withRecord(context, id, 'copy from', (record) =>
      withRoot(context, record, 'look', (root) => context.files.read(root, path, options)),
    );
    announceNow(context, id, 'archive-path');
    return result;
  } catch (error) {
    throw isMissing(error) ? missing(path, reference, error) : error;
  }
}

function announceNow(context: Context, id: string, action: string): void {
  const record = context.collection.byId(id);
  if (record) announce(context, record, action);
}

/** `docker cp - container:path`: unpacks an archive into a directory. Errors: `forbidden` for what is read-only. */
export async function copyIn(
  context: Context,
  reference: string,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: CopyInOptions,
): Promise<void> {
  const { id, config } = find(context, reference);
  auditScope.detail({ path: Buffer.from(path, 'latin1').toString('utf8') });
  const live = context.live(id);
  const abort = new AbortController();
  live.writing.add(abort);
  const signal = AbortSignal.any([options.signal, abort.signal]);
  const owner = options.copyUidGid && config.User !== '' ? { owner: config.User } : {};
  try {
    await withRecord(context, id, 'copy to', (record) =>
      withRoot(context, record, 'write', (root) =>
        context.files.write(root, path, archive, { keepKinds: options.noOverwriteDirNonDir, ...owner, signal }),
      ),
    );
  } catch (error) {
    throw isMissing(error) ? missing(path, reference, error) : error;
  } finally {
    live.writing.delete(abort);
  }
  announceNow(context, id, 'extract-to-dir');
}

/** `docker export`: the root without what is mounted in it. */
export async function exportRoot(
  context: Context,
  reference: string,
  options: { signal: AbortSignal },
): Promise<Readable> {
  const { id } = find(context, reference);
  const body = await withRecord(context, id, 'export', async (record) => {
    const root: FilesRoot = isLive(record)
      ? { kind: 'directory', path: rootfsPath(context.paths, id) }
      : { kind: 'mounts', rootfs: await context.rootfs.look(id, record.imageId), scratch: false, binds: [] };
    return context.files.export(root, options);
  });
  announceNow(context, id, 'export');
  return body;
}

/** `docker diff`. */
export async function listChanges(context: Context, reference: string): Promise<PathChange[]> {
  const record = context.collection.resolve(reference);
  return context.files.changes(await context.rootfs.layer(record.id, record.imageId));
}
