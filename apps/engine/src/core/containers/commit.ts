import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import type { CommitPlan, CommitRequest } from '#core/images/commit.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { shortId } from '#lib/ids.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import type { ContainerRecord } from './types.ts';

export type CommitOptions = Omit<CommitRequest, 'parentId' | 'base' | 'containerId'> & {
  /** Processes stand still while their files are read. */
  pause: boolean;
  signal: AbortSignal;
};

/** `docker commit`: an image of what a container has changed. `plan` is the images' part of it. */
export async function commitContainer(
  context: Context,
  reference: string,
  options: CommitOptions,
  plan: (request: CommitRequest) => CommitPlan,
): Promise<ImageRecord> {
  const record = context.collection.resolve(reference);
  const { id, name, imageId, config } = record;
  auditScope.object('container', id, name);
  assertCanCommit(record);
  const { pause, signal, ...request } = options;
  const planned = plan({ ...request, parentId: imageId, base: config, containerId: id });
  auditScope.detail({ image: planned.name });
  const image = await stillFor(context, id, pause, async () => {
    const isStill = context.collection.byId(id)?.state.status !== 'running';
    const layer = await context.files.layer(await context.rootfs.layer(id, imageId), { isStill, signal });
    return planned.store(layer, { signal });
  });
  const after = context.collection.byId(id) ?? record;
  announce(context, after, 'commit', { comment: options.comment, imageID: image.id, imageRef: planned.name });
  return image;
}

function assertCanCommit({ id, state }: ContainerRecord): void {
  if (state.status === 'dead') throw new EngineError('conflict', `You cannot commit container ${id} which is Dead`);
  if (state.status === 'removing') {
    throw new EngineError('conflict', `You cannot commit container ${shortId(id)} which is being removed`);
  }
}

/** Does the work while the container is frozen, unless it does not run, is paused already, or was not to be. */
async function stillFor<T>(context: Context, id: string, pause: boolean, work: () => Promise<T>): Promise<T> {
  if (!pause || !(await freeze(context, id))) return work();
  try {
    return await work();
  } finally {
    await thaw(context, id);
  }
}

/**
 * The pause is not written down: an engine that is killed meanwhile finds a container that should run and stands still,
 * and lets it go on.
 */
const freeze = (context: Context, id: string): Promise<boolean> =>
  context.lock(id, async () => {
    if (context.collection.resolve(id).state.status !== 'running') return false;
    await context.runtime.pause(id);
    const paused = context.collection.change(id, { state: { status: 'paused' } });
    if (paused) announce(context, paused, 'pause');
    return true;
  });

/** Somebody else may have ended or unpaused it meanwhile. */
const thaw = (context: Context, id: string): Promise<void> =>
  context.lock(id, async () => {
    if (context.collection.byId(id)?.state.status !== 'paused') return;
    await context.runtime.resume(id);
    const running = context.collection.change(id, { state: { status: 'running' } });
    if (running) announce(context, running, 'unpause');
  });
