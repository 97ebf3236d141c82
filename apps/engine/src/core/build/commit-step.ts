import type { NewLayer } from '#core/images/assemble.ts';
import { isEmptyLayer } from '#core/images/assemble.ts';
import { formatPlatform } from '#core/images/platform.ts';
import type { ImageConfig, ImageRecord } from '#core/images/types.ts';
import { digestOf } from '#lib/digest.ts';
import type { Build, StageState } from './context.ts';

/** What a step makes of the image before it, as far as it is known before doing it. */
export type StepPlan = {
  /** As `docker history` shows it. */
  createdBy: string;
  config: ImageConfig;
  /** What else the result depends on. */
  inputs?: readonly unknown[];
};

/** Object keys in a fixed order: two configs that say the same are the same text. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : one,
  );

export function buildKey(build: Build, state: StageState, plan: StepPlan): string {
  const { createdBy, config, inputs = [] } = plan;
  const parent = state.image?.id ?? '';
  return digestOf(stable([1, parent, formatPlatform(state.platform), createdBy, config, inputs, build.epoch ?? null]));
}

const created = (record: ImageRecord): string => record.created;

/**
 * The image that the same step on the same image gave before, committed and
 * said so; undefined when it must be done.
 */
export async function fromCache(build: Build, state: StageState, plan: StepPlan): Promise<boolean> {
  if (build.request.noCache) return false;
  const key = buildKey(build, state, plan);
  let found: ImageRecord | undefined;
  for (const record of build.deps.images.all()) {
    if (record.buildKey === key && (!found || created(record) > created(found))) found = record;
  }
  found ??= await fromOtherImage(build, state, plan, key);
  if (!found) return false;
  await build.assembly.hold(found);
  // It may have been removed before it was held.
  if (!build.deps.images.byId(found.id)) return false;
  await build.output.text(' ---> Using cache\n');
  state.image = found;
  state.config = plan.config;
  return true;
}

/** `--cache-from`: an image made elsewhere whose history begins like ours and goes on with this step. */
async function fromOtherImage(
  build: Build,
  state: StageState,
  plan: StepPlan,
  key: string,
): Promise<ImageRecord | undefined> {
  const own = state.image;
  const at = own?.history.length ?? 0;
  for (const name of build.request.cacheFrom) {
    const other = build.deps.images.find(name);
    const step = other?.history[at];
    if (!other || !step || step.created_by !== plan.createdBy) continue;
    const isSame =
      (own?.diffIds ?? []).every((diffId, index) => other.diffIds[index] === diffId) &&
      (own?.history ?? []).every((entry, index) => entry.created_by === other.history[index]?.created_by);
    if (!isSame) continue;
    const place = own?.diffIds.length ?? 0;
    const descriptor = other.layers[place];
    if (!step.empty_layer && !descriptor) continue;
    await build.assembly.hold(other);
    if (!build.deps.images.byId(other.id)) continue;
    const layer: NewLayer | undefined = step.empty_layer
      ? undefined
      : { diffId: other.diffIds[place]!, chainId: other.chainIds[place]!, descriptor: descriptor! };
    return build.assembly.commit({
      parent: own,
      layer,
      config: plan.config,
      history: { created_by: plan.createdBy },
      author: state.author,
      created: step.created ?? build.deps.now(),
      platform: state.platform,
      buildKey: key,
    });
  }
  return undefined;
}

/** Makes the step's result an image of its own. */
export async function commitStep(
  build: Build,
  state: StageState,
  plan: StepPlan,
  layer: NewLayer | undefined,
): Promise<void> {
  const { epoch } = build;
  state.image = await build.assembly.commit({
    parent: state.image,
    layer: layer && !isEmptyLayer(layer) ? layer : undefined,
    config: plan.config,
    history: { created_by: plan.createdBy },
    author: state.author,
    created: epoch === undefined ? build.deps.now() : new Date(epoch * 1000).toISOString().replace('.000Z', 'Z'),
    platform: state.platform,
    buildKey: buildKey(build, state, plan),
  });
  state.config = plan.config;
}
