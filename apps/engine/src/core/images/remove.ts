import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { shortId } from '#lib/ids.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  parseReference,
  repositoryOf,
  withDefaultTag,
} from '#lib/reference.ts';
import { parseName } from './catalog.ts';
import type { ImagesContext } from './context.ts';
import { publishImageEvent } from './record.ts';
import type { ImageRecord } from './types.ts';

export type RemoveOptions = {
  force?: boolean;
  /** Default: also the untagged steps that led to it. */
  prune?: boolean;
};

/** In the order it happened, as `docker rmi` prints it. */
export type Removed = { Untagged: string } | { Deleted: string };

const repositoryOfName = (name: string): string => repositoryOf(parseReference(name));

/** At most one tag, and everything in one repository: taking the name takes the image. */
function isSingleReference(record: ImageRecord): boolean {
  const repositories = new Set([...record.repoTags, ...record.repoDigests].map(repositoryOfName));
  return record.repoTags.length <= 1 && repositories.size <= 1;
}

function refuseIfUsed(context: ImagesContext, record: ImageRecord, force: boolean): void {
  const users = context.usersOf(record.id);
  const id = shortId(record.id);
  const running = users.find((user) => user.running);
  if (running) {
    throw new EngineError(
      'conflict',
      `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container ${shortId(running.id)}`,
    );
  }
  const stopped = users[0];
  if (stopped && !force) {
    throw new EngineError(
      'conflict',
      `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container ${shortId(stopped.id)}`,
    );
  }
}

function refuseIfChildren(context: ImagesContext, record: ImageRecord): void {
  if (!context.catalog.all().some((other) => other.parent === record.id)) return;
  throw new EngineError(
    'conflict',
    `conflict: unable to delete ${shortId(record.id)} (cannot be forced) - image has dependent child images`,
  );
}

async function deleteRecord(context: ImagesContext, record: ImageRecord): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (const name of [...record.repoTags, ...record.repoDigests]) {
    removed.push({ Untagged: familiarName(name) });
    publishImageEvent(context.events, 'untag', record.id, record, record.id);
  }
  const chains = await context.catalog.drop(record.id);
  publishImageEvent(context.events, 'delete', record.id, record, record.id);
  removed.push({ Deleted: record.id }, ...chains.map((chain) => ({ Deleted: chain })));
  return removed;
}

/** The image, then the steps that led to it, as far as nobody else needs them. */
async function deleteWithParents(context: ImagesContext, record: ImageRecord, prune: boolean): Promise<Removed[]> {
  const removed = await deleteRecord(context, record);
  let parent = prune && record.parent !== '' ? context.catalog.byId(record.parent) : undefined;
  while (parent && isUnneeded(context, parent)) {
    removed.push(...(await deleteRecord(context, parent)));
    parent = parent.parent === '' ? undefined : context.catalog.byId(parent.parent);
  }
  return removed;
}

const isUnneeded = (context: ImagesContext, { id, repoTags, repoDigests }: ImageRecord): boolean =>
  repoTags.length === 0 &&
  repoDigests.length === 0 &&
  !context.builds.isHeld(id) &&
  context.usersOf(id).length === 0 &&
  !context.catalog.all().some((other) => other.parent === id);

async function removeByName(
  context: ImagesContext,
  record: ImageRecord,
  name: string,
  { force = false, prune = true }: RemoveOptions,
): Promise<Removed[]> {
  const reference = withDefaultTag(parseName(name));
  if (isSingleReference(record)) {
    const user = context.usersOf(record.id)[0];
    if (user && !force) {
      throw new EngineError(
        'conflict',
        `conflict: unable to remove repository reference ${JSON.stringify(name)} (must force) - container ${shortId(user.id)} is using its referenced image ${shortId(record.id)}`,
      );
    }
    refuseIfUsed(context, record, force);
  }
  const full = formatReference(reference.digest ? { ...reference, tag: undefined } : reference);
  const repository = repositoryOf(reference);
  const tags = record.repoTags.filter((tag) => tag !== full);
  const isLastTagThere = !reference.digest && !tags.some((tag) => repositoryOfName(tag) === repository);
  // Digests of a repository mean nothing without a tag there.
  const goes = (digest: string) => digest === full || (isLastTagThere && repositoryOfName(digest) === repository);
  const rest = { ...record, repoTags: tags, repoDigests: record.repoDigests.filter((digest) => !goes(digest)) };
  // A stopped container, when forced, keeps the layers it stands on; the image goes all the same.
  const isHeld = context.usersOf(record.id).some((user) => user.running || !force);
  if (rest.repoTags.length === 0 && rest.repoDigests.length === 0 && !isHeld) {
    const hasChildren = context.catalog.all().some((other) => other.parent === record.id);
    if (!hasChildren) return deleteWithParents(context, record, prune);
  }
  await context.catalog.update(rest);
  const removed: Removed[] = [{ Untagged: familiarReference(reference) }];
  for (const digest of record.repoDigests)
    if (goes(digest) && digest !== full) removed.push({ Untagged: familiarName(digest) });
  for (const _ of removed) publishImageEvent(context.events, 'untag', record.id, record, record.id);
  return removed;
}

/**
 * Removes a name, and the image with its last name; by id the image with all
 * its names. Layers stay while another image has them. Errors: `not_found`;
 * `conflict` in Docker's words.
 */
export function removeImage(context: ImagesContext, name: string, options: RemoveOptions = {}): Promise<Removed[]> {
  const { force = false, prune = true } = options;
  return context.catalog.exclusively(async () => {
    const record = context.catalog.get(name);
    auditScope.object('image', record.id, name);
    if (!context.catalog.isIdOf(record, name)) return removeByName(context, record, name, options);
    if (!isSingleReference(record) && !force) {
      throw new EngineError(
        'conflict',
        `conflict: unable to delete ${shortId(record.id)} (must be forced) - image is referenced in multiple repositories`,
      );
    }
    refuseIfChildren(context, record);
    refuseIfUsed(context, record, force);
    return deleteWithParents(context, record, prune);
  });
}

export type PruneFilter = {
  /** Only images without a tag; else all that no container uses. */
  dangling: boolean;
  matches: (record: ImageRecord) => boolean;
};

export function pruneImages(
  context: ImagesContext,
  filter: PruneFilter,
): Promise<{ removed: Removed[]; reclaimed: number }> {
  return context.catalog.exclusively(async () => {
    const removed: Removed[] = [];
    let reclaimed = 0;
    const isTaken = ({ id, repoTags }: ImageRecord): boolean =>
      (filter.dangling && repoTags.length > 0) || context.builds.isHeld(id) || context.usersOf(id).length > 0;
    for (const record of context.catalog.all()) {
      if (!context.catalog.byId(record.id) || isTaken(record) || !filter.matches(record)) continue;
      if (context.catalog.all().some((other) => other.parent === record.id)) continue;
      const sizes = new Map(record.chainIds.map((chain) => [chain, context.layers.size(chain) ?? 0]));
      const gone = await deleteWithParents(context, record, true);
      for (const one of gone) if ('Deleted' in one) reclaimed += sizes.get(one.Deleted) ?? 0;
      removed.push(...gone);
    }
    auditScope.detail({ removed: removed.length, reclaimed });
    return { removed, reclaimed };
  });
}
