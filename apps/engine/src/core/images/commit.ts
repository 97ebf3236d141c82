import { mergeConfig } from '#core/containers/merge-image.ts';
import type { ConfigInput } from '#core/containers/request.ts';
import type { ContainerConfig } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { chainIdsOf, digestOf } from '#lib/digest.ts';
import { familiarReference, formatReference } from '#lib/reference.ts';
import { applyChanges } from './changes.ts';
import type { ImagesContext } from './context.ts';
import { joinName } from './import.ts';
import { LAYER_LIMIT, MEDIA, readConfig } from './manifest.ts';
import type { Pins } from './pins.ts';
import { toStream } from './pull.ts';
import { makeRecord, publishImageEvent } from './record.ts';
import type { ImageConfig, ImageRecord } from './types.ts';

export type CommitRequest = {
  /** Image the container was made from. */
  parentId: string;
  /** The container's configuration: what the request does not say. */
  base: ContainerConfig;
  containerId: string;
  /** What the user wants different. */
  config?: ConfigInput;
  /** Dockerfile instructions, over both. */
  changes: readonly string[];
  author: string;
  comment: string;
  repository?: string;
  tag?: string;
};

/** Words that are checked before anything is read or stopped. */
export type CommitPlan = {
  /** Stores the image; `layer` is the writable layer as tar, read once. */
  store(layer: AsyncIterable<Uint8Array>, options: { signal: AbortSignal }): Promise<ImageRecord>;
  /** In familiar form, as events name it; empty without a name. */
  name: string;
};

/** Two blocks of zeroes: what an empty directory gives. Docker writes no layer for it. */
const EMPTY_TAR = digestOf(Buffer.alloc(1024));

/** The parts of a container's configuration that an image keeps. */
function imageConfig(config: ContainerConfig): ImageConfig {
  const { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels } = config;
  const { StopSignal, Healthcheck, OnBuild, Shell, ArgsEscaped } = config;
  const all = { User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels };
  const more = { StopSignal, Healthcheck, OnBuild, Shell, ArgsEscaped };
  const entries = Object.entries({ ...all, ...more }).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries) as ImageConfig;
}

/** Errors: `invalid_argument` for a bad name or instruction, `not_found` when the parent is gone. */
export function planCommit(context: ImagesContext, request: CommitRequest): CommitPlan {
  const reference = joinName(request.repository, request.tag);
  // Without a configuration of its own the request changes the container's, as Docker has it.
  const wanted = applyChanges((request.config ?? request.base) as ImageConfig, request.changes);
  const config = imageConfig(mergeConfig(wanted as ConfigInput, imageConfig(request.base), { hostname: '' }));
  const parent = context.catalog.get(request.parentId);
  if (parent.diffIds.length >= LAYER_LIMIT) throw new EngineError('invalid_argument', 'max depth exceeded');
  return {
    name: reference ? familiarReference(reference) : '',
    async store(layer, options) {
      const pin = context.pins.begin();
      try {
        const made = await storeImage(context, { ...request, parent, config }, { layer, pin, ...options });
        await context.catalog.exclusively(async () => {
          await context.catalog.put(made);
          if (reference) await context.catalog.setTag(made.id, formatReference(reference), context.now());
        });
        if (reference) publishImageEvent(context.events, 'tag', made.id, made, familiarReference(reference));
        return context.catalog.byId(made.id) ?? made;
      } finally {
        pin.release();
        await context.catalog.exclusively(() => context.catalog.collect());
      }
    },
  };
}

type Commit = Omit<CommitRequest, 'config'> & { parent: ImageRecord; config: ImageConfig };

async function storeImage(
  context: ImagesContext,
  commit: Commit,
  options: { layer: AsyncIterable<Uint8Array>; pin: Pins; signal: AbortSignal },
): Promise<ImageRecord> {
  const { parent } = commit;
  const { pin, signal } = options;
  // The parent may be removed meanwhile: what it shares with the new image stays.
  for (const key of [...parent.chainIds, ...parent.layers.map((layer) => layer.digest)]) await pin.hold(key);
  context.catalog.get(parent.id);
  const blob = await context.content.stage(options.layer, { signal });
  const isEmpty = blob.digest === EMPTY_TAR;
  const layers = [...parent.layers];
  const diffIds = [...parent.diffIds];
  if (isEmpty) await blob.discard();
  else {
    await pin.hold(blob.digest);
    await blob.commit();
    layers.push({ digest: blob.digest, size: blob.size, mediaType: MEDIA.dockerLayer });
    diffIds.push(blob.digest);
    const chainId = chainIdsOf(diffIds).at(-1)!;
    await pin.hold(chainId);
    const unpack = { chainId, diffId: blob.digest, blob: blob.digest, lowest: diffIds.length === 1 };
    await context.layers.unpack(unpack, { signal });
  }
  const bytes = configBytes(commit, diffIds, { created: context.now(), isEmpty });
  const config = await context.content.stage(toStream(bytes));
  await pin.hold(config.digest);
  await config.commit();
  const id = digestOf(bytes);
  const record = makeRecord({ id, config: readConfig(bytes), layers, store: context.layers, now: context.now() });
  return { ...record, parent: parent.id };
}

function configBytes(commit: Commit, diffIds: string[], facts: { created: string; isEmpty: boolean }): Buffer {
  const { parent, author, comment, base } = commit;
  const step = {
    created: facts.created,
    created_by: (base.Cmd ?? []).join(' '),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(facts.isEmpty && { empty_layer: true }),
  };
  return Buffer.from(
    JSON.stringify({
      architecture: parent.architecture,
      ...(parent.variant && { variant: parent.variant }),
      os: parent.os,
      ...(author && { author }),
      ...(comment && { comment }),
      container: commit.containerId,
      created: facts.created,
      config: commit.config,
      history: [...parent.history, step],
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );
}
