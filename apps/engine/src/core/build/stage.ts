import { EngineError } from '#core/errors.ts';
import { parsePlatform } from '#core/images/platform.ts';
import type { ImageConfig } from '#core/images/types.ts';
import { shortId } from '#lib/ids.ts';
import { baseImage } from './base-image.ts';
import { commitStep, fromCache, type StepPlan } from './commit-step.ts';
import type { Build, StageState } from './context.ts';
import { envOf } from './context.ts';
import { copyStep } from './copy.ts';
import { type Instruction, parseTrigger } from './dockerfile/instructions.ts';
import { findStage, type Stage } from './dockerfile/stages.ts';
import { applyMetadata, type MetadataStep, setEnv } from './metadata.ts';
import { SCRATCH } from './ports.ts';
import { runStep } from './run.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function announce(build: Build, original: string): Promise<void> {
  build.signal.throwIfAborted();
  build.progress.step += 1;
  const { step, total } = build.progress;
  await build.output.text(`Step ${step}/${total} : ${original}\n`);
}

const announceResult = (build: Build, state: StageState): Promise<void> =>
  build.output.text(` ---> ${state.image ? shortId(state.image.id) : ''}\n`);

/** FROM: an earlier stage, nothing, or an image. */
async function begin(build: Build, stage: Stage): Promise<StageState> {
  await announce(build, stage.from.original);
  const state: StageState = {
    stage,
    image: undefined,
    config: {},
    author: '',
    platform: stage.platform === '' ? build.platform : parsePlatform(stage.platform),
    args: new Map(),
    hasCommand: false,
  };
  const other = findStage(build.stages, stage.index, stage.base);
  if (other) {
    const done = await build.ensureStage(other.index);
    state.image = done.image;
    state.config = done.config;
    state.author = done.author;
  } else if (stage.base !== 'scratch') {
    const image = await baseImage(build, stage.base, stage.platform);
    state.image = image;
    state.config = image.config;
    state.author = image.author;
  }
  if (state.image) {
    const { os, architecture, variant } = state.image;
    state.platform = { os, architecture, ...(variant && { variant }) };
  }
  const { Env = [] } = state.config;
  if (!envOf(state.config).has('PATH')) state.config = { ...state.config, Env: setEnv(Env, 'PATH', DEFAULT_PATH) };
  await announceResult(build, state);
  return state;
}

/** The image's ONBUILD lines are done first, and are not handed on. */
async function runTriggers(build: Build, state: StageState): Promise<void> {
  const { OnBuild, ...config } = state.config;
  if (!OnBuild?.length) return;
  state.config = config;
  await build.output.text(`# Executing ${OnBuild.length} build trigger${OnBuild.length === 1 ? '' : 's'}\n`);
  for (const expression of OnBuild) {
    await runInstruction(build, state, parseTrigger(expression));
    await announceResult(build, state);
  }
}

async function metadataStep(build: Build, state: StageState, step: MetadataStep): Promise<void> {
  const { text, config } = applyMetadata(build, state, step);
  const plan: StepPlan = { createdBy: `/bin/sh -c #(nop)  ${text}`, config, inputs: [state.author] };
  if (await fromCache(build, state, plan)) return;
  const layer = step.kind === 'workdir' ? await makeWorkingDirectory(build, state, config) : undefined;
  await commitStep(build, state, plan, layer);
}

/** WORKDIR makes its directory when there is none. */
async function makeWorkingDirectory(build: Build, state: StageState, config: ImageConfig) {
  const { signal } = build;
  const path = Buffer.from(config.WorkingDir ?? '/', 'utf8').toString('latin1');
  const root = await build.room.writable(state.image?.id ?? SCRATCH);
  try {
    if (!(await root.makeDirectory(path))) return undefined;
    return await build.assembly.addLayer(state.image, root.layer({ signal, latest: build.epoch }), {
      signal,
      unpacked: (layer) => root.adopt(layer),
    });
  } finally {
    await root.discard();
  }
}

async function runInstruction(build: Build, state: StageState, step: Instruction): Promise<void> {
  switch (step.kind) {
    case 'run':
      return runStep(build, state, step);
    case 'copy':
    case 'add':
      return copyStep(build, state, step);
    case 'from':
      throw new EngineError('internal', 'FROM inside a stage');
    default:
      return metadataStep(build, state, step);
  }
}

/** Builds one stage. Errors are in Docker's words. */
export async function buildStage(build: Build, stage: Stage): Promise<StageState> {
  const state = await begin(build, stage);
  await runTriggers(build, state);
  for (const step of stage.steps) {
    await announce(build, step.original);
    await runInstruction(build, state, step);
    await announceResult(build, state);
  }
  if (state.image) await build.output.image(state.image.id);
  return state;
}
