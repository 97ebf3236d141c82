import type { Readable } from 'node:stream';
import type { MountSpec } from '#core/containers/types.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import { shortId } from '#lib/ids.ts';
import { commitStep, fromCache } from './commit-step.ts';
import type { Build, InstructionOf, StageState } from './context.ts';
import { variablesOf } from './context.ts';
import { expandHeredoc } from './dockerfile/words.ts';
import { argumentEnv, shellOf } from './metadata.ts';
import { SCRATCH } from './ports.ts';
import { expandMounts, mountInputs, runMounts } from './run-mounts.ts';

type Step = InstructionOf<'run'>;

/** A here-document that is a script of its own: the file that is executed. */
type Script = { name: string; text: string };
type Program = { words: string[]; script?: Script };

/** Dockerfile reference, "Here-Documents": alone it is the script, behind a command it is the shell's to read. */
function programOf(state: StageState, step: Step): Program {
  const shell = shellOf(state.config);
  const [text = ''] = step.command.words;
  const [first] = step.heredocs;
  if (!first) return { words: step.command.shell ? [...shell, text] : step.command.words };
  if (step.heredocs.length === 1 && /^<<-?(["']?)[^<\s]+\1$/.test(text.trim())) {
    const content = first.expand ? expandHeredoc(first.text, variablesOf(state)) : first.text;
    if (!content.startsWith('#!')) return { words: [...shell, first.expand ? first.text : content] };
    return { words: [`/dev/pipes/${first.name}`], script: { name: first.name, text: content } };
  }
  const documents = step.heredocs.map(({ name, text: body }) => `${body}${name}`);
  return { words: [...shell, [text, ...documents].join('\n')] };
}

const HEADER = 8;

/** The frames of a log stream: what came from where. */
async function* frames(stream: Readable): AsyncGenerator<{ isError: boolean; text: string }> {
  let rest: Buffer = Buffer.alloc(0);
  // A character may be cut by the end of a frame.
  const decoders = [new TextDecoder('utf-8'), new TextDecoder('utf-8')];
  for await (const chunk of stream) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= HEADER) {
      const length = rest.readUInt32BE(4);
      if (rest.length < HEADER + length) break;
      const isError = rest[0] === 2;
      const text = decoders[isError ? 1 : 0]!.decode(rest.subarray(HEADER, HEADER + length), { stream: true });
      rest = rest.subarray(HEADER + length);
      if (text !== '') yield { isError, text };
    }
  }
}

async function createContainer(build: Build, state: StageState, step: Step, program: Program, mounts: MountSpec[]) {
  const { shown, hidden } = argumentEnv(build, state);
  const { hostConfig, networkMode } = build.request;
  const network = step.network === '' || step.network === 'default' ? networkMode : step.network;
  if (step.network === 'host' && networkMode !== 'host') {
    throw new EngineError('forbidden', 'RUN --network=host is only allowed in a build with --network host');
  }
  const { record } = await build.deps.containers.create({
    name: '',
    platform: '',
    version: '1.51',
    config: {
      Image: state.image?.id ?? '',
      Cmd: program.words,
      // None: the command is all that runs.
      Entrypoint: [''],
      Env: [...(state.config.Env ?? []), ...shown, ...hidden],
      AttachStdout: true,
      AttachStderr: true,
      Healthcheck: { Test: ['NONE'] },
    },
    hostConfig: { ...hostConfig, NetworkMode: network || 'default', ...(mounts.length > 0 && { Mounts: mounts }) },
    endpoints: new Map(),
    raw: {},
  });
  await build.room.note(record.id);
  return record;
}

/** Runs it to its end; gives its exit code. */
async function execute(build: Build, id: string): Promise<number> {
  const { containers, logs } = build.deps;
  const record = containers.get(id);
  if (!record) throw new EngineError('not_found', `No such container: ${id}`);
  const output = await logs.live(record, { stdout: true, stderr: true, past: true });
  const onAbort = () => output.destroy(new EngineError('cancelled', 'the build was cancelled'));
  build.signal.addEventListener('abort', onAbort, { once: true });
  // An error event before anybody reads must not end the engine.
  output.on('error', () => undefined);
  try {
    build.signal.throwIfAborted();
    const exit = containers.wait(id, 'next-exit', build.signal);
    exit.catch(() => undefined);
    await containers.start(id);
    for await (const { isError, text } of frames(output)) {
      await (isError ? build.output.warning(text) : build.output.text(text));
    }
    return (await exit).exitCode;
  } finally {
    build.signal.removeEventListener('abort', onAbort);
    output.destroy();
  }
}

async function removeContainer(build: Build, id: string): Promise<void> {
  try {
    await build.deps.containers.remove(id, { force: true, volumes: true });
  } catch (error) {
    if (!isEngineError(error, 'not_found')) build.deps.onError('removing the container of a build step', error);
  }
}

/** What is in the history: with the variables that came from outside. */
function createdBy(build: Build, state: StageState, words: readonly string[]): string {
  const { shown } = argumentEnv(build, state);
  const prefix = shown.length > 0 ? `|${shown.length} ${shown.join(' ')} ` : '';
  return prefix + words.join(' ');
}

async function scriptMount(build: Build, { name, text }: Script): Promise<MountSpec> {
  if (name.includes('/') || name === '.' || name === '..') {
    throw new EngineError('invalid_argument', `invalid name of a heredoc: ${name.slice(0, 100)}`);
  }
  const { root } = await build.room.inline(name, text, { executable: true });
  return { Type: 'bind', Source: root, Target: '/dev/pipes', ReadOnly: true };
}

/** What a runtime makes in the root to mount on, in the image's place: it is not the step's doing. */
async function mountStubs(build: Build, state: StageState, mounts: readonly MountSpec[]): Promise<string[]> {
  if (mounts.length === 0) return [];
  const image = await build.room.image(state.image?.id ?? SCRATCH);
  const stubs = mounts.flatMap(({ Target }) => {
    const parts = Target.split('/').filter(Boolean);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  });
  const latin1 = [...new Set(stubs)].map((path) => Buffer.from(path, 'utf8').toString('latin1'));
  const places = await Promise.all(latin1.map((path) => build.room.locate(image, path)));
  return latin1.filter((_, index) => places[index] === undefined);
}

/** RUN: a container on the image so far, whose changes become a layer. */
export async function runStep(build: Build, state: StageState, step: Step): Promise<void> {
  const { signal } = build;
  const program = programOf(state, step);
  const mounts = expandMounts(build, state, step.mounts);
  const plan = {
    createdBy: createdBy(build, state, program.words),
    config: state.config,
    inputs: [
      program.words,
      program.script ?? null,
      mounts,
      step.network,
      ...(mounts.length > 0 ? await mountInputs(build, state, mounts) : []),
    ],
  };
  if (await fromCache(build, state, plan)) return;
  // A container needs an image, also when nothing has been put into it.
  if (!state.image) await commitStep(build, state, { createdBy: 'FROM scratch', config: state.config }, undefined);
  const specs = await runMounts(build, state, mounts);
  if (program.script) specs.push(await scriptMount(build, program.script));
  const { id } = await createContainer(build, state, step, program, specs);
  let isKept = build.request.keepContainers;
  try {
    await build.output.text(` ---> Running in ${shortId(id)}\n`);
    const code = await execute(build, id);
    if (code !== 0) {
      throw new EngineError(
        'invalid_argument',
        `The command '${program.words.join(' ')}' returned a non-zero code: ${code}`,
        { details: { exitCode: code } },
      );
    }
    const imageId = state.image?.id ?? '';
    const stubs = await mountStubs(build, state, specs);
    const tar = build.room.containerLayer({ id, imageId }, { signal, latest: build.epoch, stubs });
    const layer = await build.assembly.addLayer(state.image, tar, { signal });
    await commitStep(build, state, plan, layer);
  } catch (error) {
    if (signal.aborted) isKept = false;
    throw error;
  } finally {
    if (!isKept) await removeContainer(build, id);
  }
  if (!isKept) await build.output.text(`Removing intermediate container ${shortId(id)}\n`);
}
