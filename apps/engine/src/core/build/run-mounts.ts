import { posix } from 'node:path';
import type { MountSpec } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { Build, StageState } from './context.ts';
import { variablesOf } from './context.ts';
import { treeOf } from './copy.ts';
import { expandWord } from './dockerfile/words.ts';

/** `RUN --mount=…` as mounts of the step's container. Dockerfile reference, "RUN --mount". */

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);

const KEYS: Readonly<Record<string, string>> = {
  type: 'type',
  target: 'target',
  dst: 'target',
  destination: 'target',
  source: 'source',
  src: 'source',
  from: 'from',
  id: 'id',
  sharing: 'sharing',
  readonly: 'readonly',
  ro: 'readonly',
  rw: 'readwrite',
  readwrite: 'readwrite',
  size: 'size',
  uid: 'uid',
  gid: 'gid',
  mode: 'mode',
  required: 'required',
  env: 'env',
};

type Options = ReadonlyMap<string, string>;

function parse(text: string): Options {
  const options = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    const name = Object.hasOwn(KEYS, key) ? KEYS[key]! : undefined;
    if (name === undefined) throw bad(`unexpected key '${key.slice(0, 100)}' in '${field.slice(0, 100)}'`);
    options.set(name, equals < 0 ? 'true' : field.slice(equals + 1));
  }
  return options;
}

const isOn = (options: Options, name: string): boolean => /^(1|true)$/i.test(options.get(name) ?? '');

function number(options: Options, name: string, base: number, fallback: number): number {
  const text = options.get(name);
  if (text === undefined) return fallback;
  const pattern = base === 8 ? /^0?[0-7]{1,4}$/ : /^\d{1,9}$/;
  if (!pattern.test(text)) throw bad(`invalid value for ${name} in --mount: ${text.slice(0, 100)}`);
  return Number.parseInt(text, base);
}

function bytes(text: string): number {
  const match = /^(\d{1,15})\s*([kmgt]?)b?$/i.exec(text);
  if (!match) throw bad(`invalid size in --mount: ${text.slice(0, 100)}`);
  return Number(match[1]) * 1024 ** 'kmgt'.indexOf((match[2] || 'x').toLowerCase()) || Number(match[1]);
}

async function sourceOf(build: Build, state: StageState, options: Options): Promise<string> {
  const tree = await treeOf(build, state, options.get('from') ?? '');
  const source = options.get('source') ?? '/';
  const place = await build.room.locate(tree, Buffer.from(source, 'utf8').toString('latin1'));
  if (place === undefined) throw bad(`failed to compute cache key: ${source.slice(0, 300)}: not found`);
  return place;
}

async function mountOf(build: Build, state: StageState, options: Options): Promise<MountSpec | undefined> {
  const type = options.get('type') ?? 'bind';
  const target = options.get('target') ?? '';
  if (type === 'secret' || type === 'ssh') {
    if (!isOn(options, 'required') && options.has('required')) return undefined;
    throw new EngineError(
      'not_implemented',
      `RUN --mount=type=${type} needs BuildKit: the classic builder's API cannot carry it`,
    );
  }
  if (target === '') throw bad('invalid mount config: target is required');
  const Target = posix.resolve('/', state.config.WorkingDir || '/', target);
  if (Target === '/') throw bad('invalid mount config: the target cannot be /');
  if (type === 'tmpfs') {
    const size = options.get('size');
    return { Type: 'tmpfs', Target, ...(size !== undefined && { TmpfsOptions: { SizeBytes: bytes(size) } }) };
  }
  if (type === 'bind') {
    if (isOn(options, 'readwrite')) {
      throw new EngineError('not_implemented', 'RUN --mount=type=bind,rw is not implemented by this version of Gantry');
    }
    return { Type: 'bind', Source: await sourceOf(build, state, options), Target, ReadOnly: true };
  }
  if (type !== 'cache') throw bad(`unsupported mount type ${JSON.stringify(type.slice(0, 100))}`);
  if (options.has('from') || options.has('source')) {
    throw new EngineError('not_implemented', 'RUN --mount=type=cache with from or source is not implemented');
  }
  const owner = { uid: number(options, 'uid', 10, 0), gid: number(options, 'gid', 10, 0) };
  const Source = await build.room.cacheDirectory(options.get('id') ?? Target, {
    owner,
    mode: number(options, 'mode', 8, 0o755),
  });
  return { Type: 'bind', Source, Target, ReadOnly: isOn(options, 'readonly') };
}

/** Checked before anything is asked of the cache. */
export function expandMounts(build: Build, state: StageState, mounts: readonly string[]): string[] {
  const variables = variablesOf(state);
  const expanded = mounts.map((text) => expandWord(text, variables, build.escapeChar));
  for (const text of expanded) parse(text);
  return expanded;
}

/** Errors: `invalid_argument`; `not_implemented` for what the classic builder's API cannot carry. */
export async function runMounts(build: Build, state: StageState, mounts: readonly string[]): Promise<MountSpec[]> {
  const specs: MountSpec[] = [];
  for (const text of mounts) {
    const spec = await mountOf(build, state, parse(text));
    if (spec) specs.push(spec);
  }
  return specs;
}

/** What the files of bind mounts are: they decide about the cache as those of a COPY do. */
export async function mountInputs(build: Build, state: StageState, mounts: readonly string[]): Promise<string[]> {
  const hashes: string[] = [];
  for (const text of mounts) {
    const options = parse(text);
    if ((options.get('type') ?? 'bind') !== 'bind') continue;
    const tree = await treeOf(build, state, options.get('from') ?? '');
    const path = Buffer.from((options.get('source') ?? '').replace(/^\/+/, ''), 'utf8').toString('latin1');
    const request = { path, wildcards: false, excludes: [], owners: true };
    const found = await build.room.scan(tree, request, { signal: build.signal });
    hashes.push(...found.map(({ hash }) => hash));
  }
  return hashes;
}
