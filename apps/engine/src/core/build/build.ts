import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { hostPlatform, parsePlatform } from '#core/images/platform.ts';
import { shortId } from '#lib/ids.ts';
import { ignoreLines } from '#lib/ignore-file.ts';
import { familiarReference } from '#lib/reference.ts';
import { platformVariables } from './base-image.ts';
import { type Build, type BuilderDeps, PROXY_ARGS, type StageState } from './context.ts';
import { type Dockerfile, type Instruction, parseDockerfile } from './dockerfile/instructions.ts';
import { DOCKERFILE_LIMIT } from './dockerfile/lines.ts';
import { globalVariables, neededStages, planStages, targetStage } from './dockerfile/stages.ts';
import type { BuildRoom } from './ports.ts';
import type { BuildOutput, BuildRequest } from './request.ts';
import { buildStage } from './stage.ts';

/** Siblings: images, containers, logs. */
export type Builder = {
  /**
   * Builds an image and gives its id. Everything that can be wrong with the request, the context and the Dockerfile's
   * syntax is told before the first word of output.
   */
  build(request: BuildRequest, output: BuildOutput, options: { signal: AbortSignal }): Promise<string>;
  /** Removes what RUN --mount=type=cache keeps. `until` in milliseconds since the epoch. */
  prune(options: { until?: number }): Promise<{ ids: string[]; bytes: number }>;
  caches: BuilderDeps['rooms']['caches'];
  /** Once, at boot, when the containers are known. */
  recover(): Promise<void>;
};

const IGNORE_LIMIT = 1024 * 1024;

async function readDockerfile(room: BuildRoom, name: string): Promise<string> {
  const relative = name.replace(/^\/+/, '');
  const bytes = await room.read(relative, DOCKERFILE_LIMIT);
  if (bytes === null) {
    throw new EngineError('invalid_argument', `Cannot locate specified Dockerfile: ${name.slice(0, 300)}`);
  }
  return bytes.toString('utf8');
}

/** A file beside the Dockerfile goes before the context's. */
async function applyIgnore(room: BuildRoom, dockerfile: string): Promise<void> {
  const bytes =
    (await room.read(`${dockerfile}.dockerignore`, IGNORE_LIMIT)) ?? (await room.read('.dockerignore', IGNORE_LIMIT));
  const lines = bytes ? ignoreLines(bytes.toString('latin1')) : [];
  if (lines.length > 0) await room.exclude(lines);
}

function labelStep(labels: ReadonlyMap<string, string>): Instruction | undefined {
  if (labels.size === 0) return undefined;
  const all = [...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const quote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
  const pairs = all.map(([name, value]) => ({ name: quote(name), value: quote(value) }));
  const original = `LABEL ${pairs.map(({ name, value }) => `${name}=${value}`).join(' ')}`;
  return { kind: 'label', line: 0, original, pairs };
}

function epochOf(request: BuildRequest): number | undefined {
  const text = request.buildArgs.get('SOURCE_DATE_EPOCH');
  if (text === undefined || text === null || text === '') return undefined;
  if (!/^\d{1,11}$/.test(text))
    throw new EngineError('invalid_argument', `invalid SOURCE_DATE_EPOCH: ${text.slice(0, 100)}`);
  return Number(text);
}

type Planned = Pick<
  Build,
  'stages' | 'escapeChar' | 'globals' | 'predefined' | 'usedArgs' | 'platform' | 'epoch' | 'progress'
> & {
  target: number;
  needed: readonly number[];
  metaSteps: Instruction[];
};

function plan(file: Dockerfile, request: BuildRequest): Planned {
  const platform = request.platform === '' ? hostPlatform() : parsePlatform(request.platform);
  const predefined = platformVariables(platform);
  const given = new Map([...request.buildArgs].flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
  const { declared, used } = globalVariables(file, predefined, given);
  const stages = planStages(file, new Map([...predefined, ...declared]));
  const target = targetStage(stages, request.target);
  const labels = labelStep(request.labels);
  if (labels) stages[target]?.steps.push(labels);
  const needed = neededStages(stages, target);
  const metaSteps = file.instructions.slice(
    0,
    file.instructions.findIndex(({ kind }) => kind === 'from'),
  );
  return {
    stages,
    escapeChar: file.escapeChar,
    globals: declared,
    predefined,
    usedArgs: used,
    platform,
    epoch: epochOf(request),
    target,
    needed: needed.map(({ index }) => index),
    metaSteps,
    progress: { step: 0, total: metaSteps.length + needed.reduce((sum, { steps }) => sum + 1 + steps.length, 0) },
  };
}

async function warnUnused({ request, usedArgs, output }: Build): Promise<void> {
  const unused = [...request.buildArgs.keys()].filter(
    (name) => !usedArgs.has(name) && !PROXY_ARGS.has(name) && name !== 'SOURCE_DATE_EPOCH',
  );
  if (unused.length === 0) return;
  await output.warning(`[Warning] One or more build-args [${unused.sort().join(' ')}] were not consumed\n`);
}

async function runBuild(build: Build, planned: Planned): Promise<StageState> {
  for (const { original } of planned.metaSteps) {
    build.progress.step += 1;
    await build.output.text(`Step ${build.progress.step}/${build.progress.total} : ${original}\n`);
  }
  for (const index of planned.needed) await build.ensureStage(index);
  const result = build.done.get(planned.target);
  if (!result?.image) throw new EngineError('invalid_argument', 'No image was generated. Is your Dockerfile empty?');
  return result;
}

/** The context and the Dockerfile are here and can be read. */
async function prepare(request: BuildRequest, room: BuildRoom, signal: AbortSignal): Promise<Planned> {
  const name = request.dockerfile || 'Dockerfile';
  if (request.source.kind === 'archive') await room.receive(request.source.body, { signal });
  else await receiveRemote(request.source.url, name, room, signal);
  const text = await readDockerfile(room, name);
  const planned = plan(parseDockerfile(text, name), request);
  await applyIgnore(room, name.replace(/^\/+/, ''));
  return planned;
}

async function receiveRemote(url: string, dockerfile: string, room: BuildRoom, signal: AbortSignal): Promise<void> {
  if (/^(git@|git:|ssh:)/i.test(url) || /^https?:[^#]*\.git(#|$)/i.test(url)) {
    throw new EngineError(
      'not_implemented',
      'Building from a git repository is not implemented by this version of Gantry',
    );
  }
  const { tree, isText } = await room.download(url, { signal });
  const bytes = isText ? await room.readFrom(tree, 'download', DOCKERFILE_LIMIT) : null;
  if (bytes) await room.put(dockerfile.includes('/') ? 'Dockerfile' : dockerfile, bytes);
  else await room.receiveFile(tree, 'download', { signal });
}

function createBuild(deps: BuilderDeps, parts: Omit<Build, 'deps' | 'done' | 'ensureStage'>): Build {
  const build: Build = {
    ...parts,
    deps,
    done: new Map(),
    async ensureStage(index) {
      const known = build.done.get(index);
      if (known) return known;
      const state = await buildStage(build, build.stages[index]!);
      build.done.set(index, state);
      return state;
    },
  };
  return build;
}

export function createBuilder(deps: BuilderDeps): Builder {
  const inRoom = async (
    room: BuildRoom,
    request: BuildRequest,
    output: BuildOutput,
    signal: AbortSignal,
    named: (work: () => Promise<void>) => Promise<void>,
  ): Promise<string> => {
    const planned = await prepare(request, room, signal);
    const assembly = deps.images.assemble();
    try {
      const build = createBuild(deps, { request, output, signal, room, assembly, ...planned });
      const { image } = await runBuild(build, planned);
      signal.throwIfAborted();
      await warnUnused(build);
      await output.text(`Successfully built ${shortId(image!.id)}\n`);
      await named(async () => {
        auditScope.object(
          'image',
          image!.id,
          request.tags[0] ? familiarReference(request.tags[0]) : shortId(image!.id),
        );
        for (const tag of request.tags) await assembly.tag(image!, tag);
      });
      for (const tag of request.tags) await output.text(`Successfully tagged ${familiarReference(tag)}\n`);
      return image!.id;
    } finally {
      await assembly.end();
    }
  };

  return {
    async build(request, output, { signal }) {
      const draft = auditScope.current();
      // Containers and images on the way are the engine's work; what the request did is the image at the end.
      const named = (work: () => Promise<void>) => (draft ? auditScope.run(draft, work) : work());
      return auditScope.exit(async () => {
        const room = await deps.rooms.open();
        try {
          return await inRoom(room, request, output, signal, named);
        } catch (error) {
          if (signal.aborted) throw new EngineError('cancelled', 'the build was cancelled', { cause: error });
          throw error;
        } finally {
          await room.close().catch((error) => deps.onError('cleaning up behind a build', error));
        }
      });
    },
    prune: (options) => deps.rooms.pruneCaches(options),
    caches: () => deps.rooms.caches(),
    async recover() {
      for (const id of await deps.rooms.recover()) {
        try {
          await deps.containers.remove(id, { force: true, volumes: true });
        } catch (error) {
          if (!isEngineError(error, 'not_found')) deps.onError('removing the container of a build step', error);
        }
      }
    },
  };
}
