import { posix } from 'node:path';
import { parseSignal } from '#core/containers/signals.ts';
import { EngineError } from '#core/errors.ts';
import { duration } from '#core/images/changes.ts';
import type { ImageConfig } from '#core/images/types.ts';
import { type Build, envOf, type InstructionOf, PROXY_ARGS, quoted, type StageState, variablesOf } from './context.ts';
import type { Command, Instruction, Pair } from './dockerfile/instructions.ts';
import { expandWord, expandWords } from './dockerfile/words.ts';

/** The instructions that only change what is written about an image. */

export type MetadataStep = Exclude<Instruction, InstructionOf<'from' | 'run' | 'copy' | 'add'>>;

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);

/** Docker's default, for images that say nothing. */
const SHELL = ['/bin/sh', '-c'];
export const shellOf = (config: ImageConfig): string[] => config.Shell ?? SHELL;

const wordsOf = (command: Command, config: ImageConfig): string[] =>
  command.shell ? [...shellOf(config), ...command.words] : command.words;

const emptySet = (keys: readonly string[]): Record<string, Record<string, never>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

export function setEnv(env: readonly string[], name: string, value: string): string[] {
  const at = env.findIndex((entry) => entry.startsWith(`${name}=`));
  return at < 0 ? [...env, `${name}=${value}`] : env.with(at, `${name}=${value}`);
}

/** Ports of `80`, `53/udp`, `8000-8010/tcp`. */
function ports(text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || last > 65_535 || first > last) throw bad(`invalid containerPort: ${text.slice(0, 100)}`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) throw bad(`invalid proto: ${protocol.slice(0, 100)}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}

function healthcheck(step: InstructionOf<'healthcheck'>): NonNullable<ImageConfig['Healthcheck']> {
  if (step.none) return { Test: ['NONE'] };
  const health: NonNullable<ImageConfig['Healthcheck']> = {
    Test: step.command.shell ? ['CMD-SHELL', ...step.command.words] : ['CMD', ...step.command.words],
  };
  const fields = {
    interval: 'Interval',
    timeout: 'Timeout',
    'start-period': 'StartPeriod',
    'start-interval': 'StartInterval',
  } as const;
  for (const [flag, field] of Object.entries(fields)) {
    const text = step.flags.get(flag);
    if (text === undefined || text === '') continue;
    const value = duration(text);
    if (value !== 0 && value < 1e6) throw bad(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
    health[field] = value;
  }
  const retries = step.flags.get('retries');
  if (retries !== undefined && retries !== '') {
    if (!/^\d{1,9}$/.test(retries)) throw bad(`--retries must be at least 1 (not ${retries.slice(0, 20)})`);
    health.Retries = Number(retries);
  }
  return health;
}

export function workingDirectory(config: ImageConfig, text: string): string {
  return posix.resolve('/', config.WorkingDir || '/', text);
}

type Result = { text: string; config: ImageConfig };
type Expand = (word: string) => string;

function envOrLabel(kind: 'env' | 'label', pairs: readonly Pair[], config: ImageConfig, expand: Expand): Result {
  const all = pairs.map(({ name, value }) => [expand(name), expand(value)] as const);
  for (const [name] of all) if (name === '') throw bad(`${kind.toUpperCase()} names can not be blank`);
  const text = `${kind.toUpperCase()} ${all.map(([name, value]) => `${name}=${value}`).join(' ')}`;
  if (kind === 'label')
    return { text, config: { ...config, Labels: { ...config.Labels, ...Object.fromEntries(all) } } };
  const Env = all.reduce((env, [name, value]) => setEnv(env, name, value), config.Env ?? []);
  return { text, config: { ...config, Env } };
}

function argument(build: Build, state: StageState, step: InstructionOf<'arg'>, expand: Expand): Result {
  const { buildArgs } = build.request;
  const texts: string[] = [];
  for (const { name: raw, value } of step.args) {
    const name = expand(raw);
    if (name === '') throw bad('ARG names can not be blank');
    const preset = value === undefined ? undefined : expand(value);
    texts.push(preset === undefined ? name : `${name}=${preset}`);
    if (buildArgs.has(name)) build.usedArgs.add(name);
    const given = buildArgs.get(name) ?? undefined;
    state.args.set(name, given ?? preset ?? build.globals.get(name) ?? build.predefined.get(name));
  }
  return { text: `ARG ${texts.join(' ')}`, config: state.config };
}

function exposed(step: InstructionOf<'expose' | 'volume'>, config: ImageConfig, expandAll: (word: string) => string[]) {
  const list = [...new Set(step.words.flatMap(expandAll).flatMap(ports))].sort();
  return {
    text: `EXPOSE ${list.join(' ')}`,
    config: { ...config, ExposedPorts: { ...config.ExposedPorts, ...emptySet(list) } },
  };
}

function volumes(step: InstructionOf<'expose' | 'volume'>, config: ImageConfig, expand: Expand): Result {
  const list = step.words.map((word) => expand(word).trim());
  if (list.includes('')) throw bad('VOLUME specified can not be an empty string');
  return {
    text: `VOLUME [${list.join(' ')}]`,
    config: { ...config, Volumes: { ...config.Volumes, ...emptySet(list) } },
  };
}

function stopSignal(text: string, config: ImageConfig): Result {
  parseSignal(text);
  return { text: `STOPSIGNAL ${text}`, config: { ...config, StopSignal: text } };
}

/** The config after the step, and its words in the history. Errors: `invalid_argument`. */
export function applyMetadata(build: Build, state: StageState, step: MetadataStep): Result {
  const { config } = state;
  const variables = variablesOf(state);
  const expand: Expand = (word) => expandWord(word, variables, build.escapeChar);
  switch (step.kind) {
    case 'env':
    case 'label':
      return envOrLabel(step.kind, step.pairs, config, expand);
    case 'arg':
      return argument(build, state, step, expand);
    case 'cmd': {
      const Cmd = wordsOf(step.command, config);
      state.hasCommand = true;
      return { text: `CMD ${quoted(Cmd)}`, config: { ...config, Cmd } };
    }
    case 'entrypoint': {
      const words = wordsOf(step.command, config);
      const { Cmd, ...rest } = config;
      // The command of the image below belongs to the entrypoint below.
      const kept = state.hasCommand && Cmd ? { Cmd } : {};
      return { text: `ENTRYPOINT ${quoted(words)}`, config: { ...rest, ...kept, Entrypoint: words } };
    }
    case 'user':
      return { text: `USER ${expand(step.text)}`, config: { ...config, User: expand(step.text) } };
    case 'workdir': {
      const WorkingDir = workingDirectory(config, expand(step.text));
      return { text: `WORKDIR ${WorkingDir}`, config: { ...config, WorkingDir } };
    }
    case 'stopsignal':
      return stopSignal(expand(step.text), config);
    case 'maintainer':
      state.author = step.text;
      return { text: `MAINTAINER ${step.text}`, config };
    case 'expose':
      return exposed(step, config, (word) => expandWords(word, variables, build.escapeChar));
    case 'volume':
      return volumes(step, config, expand);
    case 'shell':
      return { text: `SHELL [${step.words.join(' ')}]`, config: { ...config, Shell: step.words } };
    case 'healthcheck':
      return { text: step.original, config: { ...config, Healthcheck: healthcheck(step) } };
    default:
      return {
        text: `ONBUILD ${step.expression}`,
        config: { ...config, OnBuild: [...(config.OnBuild ?? []), step.expression] },
      };
  }
}

/**
 * Variables that a RUN gets beside ENV: `shown` from ARG lines, which stand in the history and in the cache's key;
 * `hidden` the proxies, which stand nowhere.
 */
export function argumentEnv(build: Build, state: StageState): { shown: string[]; hidden: string[] } {
  const env = envOf(state.config);
  const shown: string[] = [];
  const hidden = new Map<string, string>();
  for (const [name, value] of build.request.buildArgs) {
    if (value !== null && !env.has(name) && PROXY_ARGS.has(name)) hidden.set(name, value);
  }
  for (const [name, value] of state.args) {
    if (value === undefined || env.has(name)) continue;
    if (PROXY_ARGS.has(name)) hidden.set(name, value);
    else shown.push(`${name}=${value}`);
  }
  return { shown: shown.sort(), hidden: [...hidden].map(([name, value]) => `${name}=${value}`) };
}
