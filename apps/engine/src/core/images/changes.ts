import { EngineError } from '#core/errors.ts';
import type { ImageConfig } from './types.ts';

/** The instructions that `import` and `commit` take; those that only change the config. */
const INSTRUCTIONS = [
  'CMD',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'HEALTHCHECK',
  'LABEL',
  'ONBUILD',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];
const NANOSECONDS: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, µs: 1e3, ns: 1 };

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);

/** `["a","b"]` → the list; anything else is shell form: undefined. */
function execForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  } catch {
    // As in a Dockerfile: what is no JSON list is a command for the shell.
  }
  return undefined;
}

const command = (text: string): string[] => execForm(text) ?? ['/bin/sh', '-c', text];

/** Splits at spaces outside quotes and takes quotes and backslashes away. */
function words(text: string): string[] {
  const out: string[] = [];
  let word = '';
  let isOpen = false;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (quote) {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && '"\\$'.includes(text[at + 1] ?? ' ')) word += text[++at];
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      isOpen = true;
    } else if (char === '\\' && at + 1 < text.length) {
      word += text[++at];
      isOpen = true;
    } else if (/\s/.test(char)) {
      if (isOpen) out.push(word);
      word = '';
      isOpen = false;
    } else {
      word += char;
      isOpen = true;
    }
  }
  if (quote) throw bad('unexpected end of statement while looking for matching quote');
  if (isOpen) out.push(word);
  return out;
}

/** `a=b c="d e"`, or the old form `a b c`. */
function pairs(instruction: string, text: string): [string, string][] {
  const all = words(text);
  if (!all[0]?.includes('=')) {
    if (all.length < 2) throw bad(`${instruction} must have two arguments`);
    return [[all[0] ?? '', all.slice(1).join(' ')]];
  }
  return all.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw bad(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    if (equals === 0) throw bad(`${instruction} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function setEnv(env: readonly string[], name: string, value: string): string[] {
  return [...env.filter((one) => one.slice(0, one.indexOf('=')) !== name), `${name}=${value}`];
}

function port(text: string): string {
  const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text);
  if (!match || Number(match[1]) > 65_535) throw bad(`invalid containerPort: ${text}`);
  return `${Number(match[1])}/${(match[2] ?? 'tcp').toLowerCase()}`;
}

/** A Go duration in nanoseconds. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([all]) => all).join('') !== text) throw bad(`time: invalid duration "${text}"`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * (NANOSECONDS[unit!] ?? 0), 0);
}

function healthcheck(text: string): NonNullable<ImageConfig['Healthcheck']> {
  if (/^none\s*$/i.test(text)) return { Test: ['NONE'] };
  const health: NonNullable<ImageConfig['Healthcheck']> = {};
  let rest = text;
  for (let flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest); flag; flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest)) {
    const [all, name, value = ''] = flag;
    if (name === 'interval') health.Interval = duration(value);
    else if (name === 'timeout') health.Timeout = duration(value);
    else if (name === 'start-period') health.StartPeriod = duration(value);
    else if (name === 'start-interval') health.StartInterval = duration(value);
    else if (name === 'retries' && /^\d+$/.test(value)) health.Retries = Number(value);
    else throw bad(`unknown flag: ${name}`);
    rest = rest.slice(all.length);
  }
  const match = /^cmd\s+(.+)$/is.exec(rest);
  if (!match) throw bad('Missing command after HEALTHCHECK CMD');
  const list = execForm(match[1]!.trim());
  return { Test: list ? ['CMD', ...list] : ['CMD-SHELL', match[1]!.trim()], ...health };
}

const emptySet = (keys: readonly string[]): Record<string, Record<string, never>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

function applyOne(config: ImageConfig, name: string, text: string): ImageConfig {
  switch (name) {
    case 'CMD':
      return { ...config, Cmd: command(text) };
    case 'ENTRYPOINT':
      return { ...config, Entrypoint: command(text) };
    case 'ENV':
      return {
        ...config,
        Env: pairs(name, text).reduce((env, [key, value]) => setEnv(env, key, value), config.Env ?? []),
      };
    case 'LABEL':
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(pairs(name, text)) } };
    case 'EXPOSE':
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...emptySet(words(text).map(port)) } };
    case 'VOLUME':
      return { ...config, Volumes: { ...config.Volumes, ...emptySet(execForm(text) ?? words(text)) } };
    case 'HEALTHCHECK':
      return { ...config, Healthcheck: healthcheck(text) };
    case 'ONBUILD':
      return { ...config, OnBuild: [...(config.OnBuild ?? []), text] };
    case 'USER':
      return { ...config, User: text };
    case 'STOPSIGNAL':
      return { ...config, StopSignal: text };
    default:
      return {
        ...config,
        WorkingDir: text.startsWith('/') ? text : `${(config.WorkingDir ?? '').replace(/\/$/, '')}/${text}`,
      };
  }
}

/** Applies Dockerfile instructions to a config. Errors: `invalid_argument` in Docker's words. */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  let out = config;
  for (const line of changes.flatMap((change) => change.split('\n'))) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [word = ''] = trimmed.split(/\s/, 1);
    const name = word.toUpperCase();
    if (!INSTRUCTIONS.includes(name)) throw bad(`${word} is not a valid change command`);
    const text = trimmed.slice(word.length).trim();
    if (text === '') throw bad(`${name} requires at least one argument`);
    out = applyOne(out, name, text);
  }
  return out;
}
