import { posix } from 'node:path';
import { EngineError, isEngineError } from '#core/errors.ts';
import { digestOf } from '#lib/digest.ts';
import { hasWildcards } from '#lib/path-pattern.ts';
import { baseImage } from './base-image.ts';
import { commitStep, fromCache } from './commit-step.ts';
import { type Build, type InstructionOf, type StageState, variablesOf } from './context.ts';
import { findStage } from './dockerfile/stages.ts';
import { expandHeredoc, expandWord } from './dockerfile/words.ts';
import { type Match, SCRATCH, type Tree } from './ports.ts';

type Step = InstructionOf<'copy' | 'add'>;

/** What is copied from one tree. */
type Source = { tree: Tree; items: Match[]; extract: boolean };

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);
const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);
const isGit = (text: string): boolean =>
  /^(git@|git:\/\/|ssh:\/\/)/i.test(text) || /^https?:\/\/\S+\.git(#\S*)?$/i.test(text);

/** The tree of `--from`: a stage by name or index, else an image. */
export async function treeOf(build: Build, state: StageState, from: string): Promise<Tree> {
  if (from === '') return build.room.context;
  const stage = findStage(build.stages, state.stage.index, from);
  if (stage) {
    const done = await build.ensureStage(stage.index);
    return build.room.image(done.image?.id ?? SCRATCH);
  }
  const name = from.toLowerCase();
  if (name === state.stage.name || (/^\d+$/.test(from) && Number(from) >= state.stage.index)) {
    throw bad(`invalid from flag value ${from.slice(0, 200)}: refers to current or later build stage`);
  }
  const image = await baseImage(build, from, '');
  return build.room.image(image.id);
}

/** Below the context, without a leading slash. */
function sourcePath(text: string, inContext: boolean): string {
  const relative = posix.normalize(text.replace(/^\/+/, '') || '.');
  if (inContext && (relative === '..' || relative.startsWith('../'))) {
    throw bad(`forbidden path outside the build context: ${text.slice(0, 300)} ()`);
  }
  const path = relative.replace(/^(\.\.\/)+|^\.\.$/, '').replace(/\/+$/, '');
  return path === '.' ? '' : path;
}

async function fromTree(build: Build, step: Step, tree: Tree, text: string): Promise<Source> {
  const path = sourcePath(text, step.from === '');
  const wildcards = hasWildcards(path);
  const owners = step.from !== '' && step.chown === '';
  const request = { path: latin1(path), wildcards, excludes: step.excludes.map(latin1), owners };
  const items = await build.room.scan(tree, request, { signal: build.signal });
  if (items.length === 0) {
    throw bad(
      wildcards
        ? 'no source files were specified'
        : `file not found in build context or excluded by .dockerignore: stat ${path.slice(0, 300)}: file does not exist`,
    );
  }
  return { tree, items, extract: step.kind === 'add' };
}

async function fromUrl(build: Build, step: Step, url: string, target: string): Promise<Source> {
  const { tree, name, digest } = await build.room.download(url, { signal: build.signal });
  if (step.checksum !== '' && step.checksum !== `sha256:${digest}`) {
    throw bad(
      `digest mismatch for ${url.slice(0, 300)}: expected ${step.checksum.slice(0, 100)}, got sha256:${digest}`,
    );
  }
  if (target.endsWith('/') && name === '') throw bad(`cannot determine filename from url: ${url.slice(0, 300)}`);
  const request = { path: 'download', wildcards: false, excludes: [], owners: false };
  const [found] = await build.room.scan(tree, request, { signal: build.signal });
  if (!found) throw new EngineError('internal', 'a download has gone');
  // Named by its address only where the target is a directory.
  return { tree, items: [target.endsWith('/') ? { ...found, name: latin1(name) } : found], extract: false };
}

async function sourcesOf(
  build: Build,
  state: StageState,
  step: Step,
  texts: string[],
  target: string,
): Promise<Source[]> {
  const sources: Source[] = [];
  let tree: Tree | undefined;
  for (const text of texts) {
    if (step.kind === 'add' && isGit(text)) {
      throw new EngineError('not_implemented', 'ADD of a git repository is not implemented by this version of Gantry');
    }
    if (step.kind === 'add' && isUrl(text)) {
      sources.push(await fromUrl(build, step, text, target));
      continue;
    }
    if (step.checksum !== '') throw bad("checksum can't be specified for non-HTTP(S) sources");
    tree ??= await treeOf(build, state, step.from);
    sources.push(await fromTree(build, step, tree, text));
  }
  for (const { name, text, expand } of step.heredocs) {
    if (name.includes('/') || name === '.' || name === '..')
      throw bad(`invalid name of a heredoc: ${name.slice(0, 100)}`);
    const inline = await build.room.inline(name, expand ? expandHeredoc(text, variablesOf(state)) : text);
    const request = { path: latin1(name), wildcards: false, excludes: [], owners: false };
    const items = await build.room.scan(inline, request, { signal: build.signal });
    sources.push({ tree: inline, items, extract: false });
  }
  return sources;
}

function targetOf(state: StageState, text: string): string {
  const path = posix.resolve('/', state.config.WorkingDir || '/', text);
  return /(^|\/)\.?$/.test(text) && path !== '/' ? `${path}/` : path;
}

function modeOf(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^[0-7]{1,5}$/.test(text) || Number.parseInt(text, 8) > 0o7777) {
    throw bad(`invalid chmod parameter: '${text.slice(0, 100)}'. it should be octal string and between 0 and 07777`);
  }
  return Number.parseInt(text, 8);
}

/** `user` alone means the group of the same name, too. */
const ownerSpec = (chown: string): string => (chown.includes(':') ? chown : `${chown}:${chown}`);

async function write(build: Build, state: StageState, step: Step, sources: Source[], target: string) {
  const { signal } = build;
  const root = await build.room.writable(state.image?.id ?? SCRATCH);
  try {
    const keepOwners = step.from !== '' && step.chown === '';
    const owner = step.chown !== '' ? root.owner(ownerSpec(step.chown)) : { uid: 0, gid: 0 };
    for (const { tree, items, extract } of sources) {
      const request = {
        from: tree,
        items,
        target: latin1(target),
        // What an archive holds keeps its owners unless told otherwise.
        ...(!keepOwners && { owner }),
        keepArchiveOwners: step.chown === '',
        mode: modeOf(step.chmod),
        excludes: step.excludes.map(latin1),
        extract,
      };
      await root.copy(request, { signal });
    }
    return await build.assembly.addLayer(state.image, root.layer({ signal, latest: build.epoch }), {
      signal,
      unpacked: (layer) => root.adopt(layer),
    });
  } finally {
    await root.discard();
  }
}

async function copy(build: Build, state: StageState, step: Step): Promise<void> {
  const variables = variablesOf(state);
  const expand = (text: string): string => expandWord(text, variables, build.escapeChar);
  const chown = expand(step.chown);
  const chmod = expand(step.chmod);
  modeOf(chmod);
  const done: Step = { ...step, chown, chmod, checksum: expand(step.checksum), excludes: step.excludes.map(expand) };
  const texts = step.sources.map(expand);
  const target = targetOf(state, expand(step.target));
  const sources = await sourcesOf(build, state, done, texts, target);
  const items = sources.flatMap((source) => source.items);
  if (items.length === 0) throw bad('no source files were specified');
  const keyword = step.kind.toUpperCase();
  if (items.length > 1 && !target.endsWith('/') && target !== '/') {
    throw bad(
      `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const hash =
    items.length === 1 ? items[0]!.hash : `multi:${digestOf(items.map((item) => item.hash).join(',')).slice(7)}`;
  const flags = `${chown === '' ? '' : `--chown=${chown} `}${chmod === '' ? '' : `--chmod=${chmod} `}`;
  const plan = {
    createdBy: `/bin/sh -c #(nop) ${keyword} ${flags}${hash} in ${target} `,
    config: state.config,
    inputs: [items.map((item) => item.name ?? posix.basename(item.path)), done.excludes],
  };
  if (await fromCache(build, state, plan)) return;
  await commitStep(build, state, plan, await write(build, state, done, sources, target));
}

/** COPY and ADD. Errors: `invalid_argument` beginning with `COPY failed: `. */
export async function copyStep(build: Build, state: StageState, step: Step): Promise<void> {
  try {
    await copy(build, state, step);
  } catch (error) {
    if (!isEngineError(error) || error.code === 'cancelled') throw error;
    throw new EngineError(error.code, `${step.kind.toUpperCase()} failed: ${error.message}`, { cause: error });
  }
}
