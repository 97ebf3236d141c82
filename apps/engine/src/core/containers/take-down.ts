import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from './context.ts';
import { containerOf, wantedPart } from './endpoints.ts';
import { heldDir, shmPath } from './paths.ts';
import type { ContainerRecord, MountPoint } from './types.ts';

/** Gives back everything a running container holds. Every step is tried; what fails is logged and retried by removal and at boot. */
export async function takeDown(context: Context, record: ContainerRecord): Promise<void> {
  const { id } = record;
  const steps = await Promise.allSettled([
    context.runtime.remove(id),
    // Somebody else's sandbox is not ours to take down.
    containerOf(record.hostConfig.NetworkMode) === undefined ? context.networking.tearDown(id) : undefined,
  ]);
  // Only when the container's own mounts are gone can a volume's source be.
  const parts = await Promise.allSettled([releaseHeld(context, record)]);
  const names = new Set(record.mounts.flatMap((mount) => (mount.Type === 'volume' && mount.Name ? [mount.Name] : [])));
  const rest = await Promise.allSettled([
    ...[...names].map((name) => context.volumes.release(name, id)),
    releaseSharedMemory(context, record),
  ]);
  for (const step of [...steps, ...parts, ...rest]) {
    if (step.status === 'rejected') context.log.error({ id, err: step.reason }, 'releasing what a container held');
  }
  context.collection.change(id, {
    ports: {},
    networks: Object.fromEntries(
      Object.entries(context.collection.byId(id)?.networks ?? {}).map(([name, settings]) => [
        name,
        wantedPart(settings),
      ]),
    ),
  });
}

const isHeld = (mount: MountPoint): boolean =>
  Boolean(mount.Subpath) || (mount.Type === 'bind' && mount.NonRecursive === true);

async function releaseHeld(context: Context, record: ContainerRecord): Promise<void> {
  if (!record.mounts.some(isHeld)) return;
  const directory = heldDir(context.paths, record.id);
  for (const [index, mount] of record.mounts.entries()) {
    if (isHeld(mount)) await context.mounts.unmount(join(directory, String(index)));
  }
  await rm(directory, { recursive: true, force: true });
}

async function releaseSharedMemory(context: Context, record: ContainerRecord): Promise<void> {
  if (record.hostConfig.IpcMode !== 'shareable') return;
  const path = shmPath(context.paths, record.id);
  await context.mounts.unmount(path);
  await rm(path, { recursive: true, force: true });
}
