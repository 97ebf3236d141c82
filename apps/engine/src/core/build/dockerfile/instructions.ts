import type { EngineError } from '#core/errors.ts';
import { parseFlags } from './flags.ts';
import { DOCKERFILE_LIMIT, type Escape, type Heredoc, type LogicalLine, parseError, readLines } from './lines.ts';
import { rawWords } from './words.ts';

/**
 * The instructions of a Dockerfile, syntax checked, nothing expanded. Words
 * still have their quotes and variables; what they mean is known only when
 * the instruction's turn comes.
 */
export type Pair = { name: string; value: string };
export type Command = { shell: boolean; words: string[] };

export type Instruction = { line: number; original: string } & (
  | { kind: 'from'; image: string; stage: string; platform: string }
  | { kind: 'arg'; args: { name: string; value?: string }[] }
  | { kind: 'env' | 'label'; pairs: Pair[] }
  | { kind: 'run'; command: Command; heredocs: Heredoc[]; mounts: string[]; network: string }
  | {
      kind: 'copy' | 'add';
      sources: string[];
      target: string;
      heredocs: Heredoc[];
      from: string;
      chown: string;
      chmod: string;
      checksum: string;
      excludes: string[];
    }
  | { kind: 'cmd' | 'entrypoint'; command: Command }
  | { kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; text: string }
  | { kind: 'expose' | 'volume'; words: string[] }
  | { kind: 'shell'; words: string[] }
  | { kind: 'healthcheck'; flags: ReadonlyMap<string, string>; none: boolean; command: Command }
  | { kind: 'onbuild'; expression: string }
);

export type Dockerfile = { instructions: Instruction[]; escapeChar: Escape };

const KINDS: ReadonlySet<string> = new Set([
  ...['FROM', 'ARG', 'ENV', 'LABEL', 'RUN', 'COPY', 'ADD', 'CMD', 'ENTRYPOINT', 'WORKDIR', 'USER', 'STOPSIGNAL'],
  ...['MAINTAINER', 'EXPOSE', 'VOLUME', 'SHELL', 'HEALTHCHECK', 'ONBUILD'],
]);

type Fail = (message: string) => EngineError;
type Source = { line: LogicalLine; escapeChar: Escape; fail: Fail; flags: ReadonlyMap<string, string[]>; rest: string };

/** `["a","b"]` → its words; undefined for the shell form. */
function jsonWords(text: string, fail: Fail): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON, so a command for the shell: as the reference has it.
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((one) => typeof one === 'string')) {
    throw fail('when using JSON array syntax, arrays must be comprised of strings only');
  }
  return value;
}

function command(text: string, fail: Fail): Command {
  const words = jsonWords(text, fail);
  return words ? { shell: false, words } : { shell: true, words: text === '' ? [] : [text] };
}

function pairs({ rest, escapeChar, fail, line }: Source): Pair[] {
  const words = rawWords(rest, escapeChar);
  if (words.length === 0) throw fail(`${line.keyword} requires at least one argument`);
  if (!words[0]?.includes('=')) {
    const match = /^(\S+)\s+([\s\S]+)$/.exec(rest);
    if (!match) throw fail(`${line.keyword} must have two arguments`);
    return [{ name: match[1]!, value: match[2]! }];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw fail(`Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`);
    if (equals === 0) throw fail(`${line.keyword} names can not be blank`);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function args({ rest, escapeChar, fail }: Source): { name: string; value?: string }[] {
  const words = rawWords(rest, escapeChar);
  if (words.length === 0) throw fail('ARG requires at least one argument');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw fail('ARG names can not be blank');
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

const one = (flags: ReadonlyMap<string, string[]>, name: string): string => flags.get(name)?.at(-1) ?? '';

function from({ rest, escapeChar, fail, flags }: Source) {
  const words = rawWords(rest, escapeChar);
  const [image = '', as = '', stage = ''] = words;
  const isNamed = words.length === 3 && as.toLowerCase() === 'as';
  if (words.length !== 1 && !isNamed) throw fail('FROM requires either one or three arguments');
  const name = stage.toLowerCase();
  if (isNamed && !/^[a-z][a-z0-9-_.]*$/.test(name)) {
    throw fail(
      `invalid name for build stage: ${JSON.stringify(stage)}, name can't start with a number or contain symbols`,
    );
  }
  if (name === 'scratch') throw fail('scratch is a reserved name and cannot be used for a build stage');
  return { kind: 'from' as const, image, stage: isNamed ? name : '', platform: one(flags, 'platform') };
}

function copy({ rest, escapeChar, fail, flags, line }: Source) {
  const words = jsonWords(rest, fail) ?? rawWords(rest, escapeChar);
  const name = line.keyword;
  if (words.length === 0) throw fail(`${name} requires at least two arguments, but none was provided`);
  if (words.length < 2) {
    throw fail(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  if (name === 'COPY' && flags.has('checksum')) throw fail('unknown flag: --checksum');
  if (name === 'ADD' && flags.has('from')) throw fail('unknown flag: --from');
  return {
    kind: name === 'COPY' ? ('copy' as const) : ('add' as const),
    sources: words.slice(0, -1).filter((word) => !/^\d*<<-?(["']?)[^<\s]+\1$/.test(word) || line.heredocs.length === 0),
    target: words.at(-1)!,
    heredocs: line.heredocs,
    from: one(flags, 'from'),
    chown: one(flags, 'chown'),
    chmod: one(flags, 'chmod'),
    checksum: one(flags, 'checksum'),
    excludes: flags.get('exclude') ?? [],
  };
}

function healthcheck({ rest, fail, flags }: Source) {
  const match = /^(\S+)\s*([\s\S]*)$/.exec(rest);
  const type = match?.[1]?.toUpperCase() ?? '';
  const text = match?.[2] ?? '';
  const options = new Map([...flags].map(([name, values]) => [name, values.at(-1) ?? '']));
  if (type === 'NONE') {
    if (text !== '') throw fail('HEALTHCHECK NONE takes no arguments');
    return { kind: 'healthcheck' as const, flags: options, none: true, command: { shell: true, words: [] } };
  }
  if (type === '') throw fail('HEALTHCHECK requires at least one argument');
  if (type !== 'CMD') throw fail(`unknown type ${JSON.stringify(match?.[1])} in HEALTHCHECK (try CMD)`);
  const words = command(text, fail);
  if (words.words.length === 0) throw fail('missing command after HEALTHCHECK CMD');
  return { kind: 'healthcheck' as const, flags: options, none: false, command: words };
}

function onbuild({ rest, fail }: Source) {
  const trigger = /^\S+/.exec(rest)?.[0]?.toUpperCase() ?? '';
  if (trigger === '') throw fail('ONBUILD requires at least one argument');
  if (trigger === 'ONBUILD') throw fail("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger === 'FROM' || trigger === 'MAINTAINER') throw fail(`${trigger} isn't allowed as an ONBUILD trigger`);
  if (!KINDS.has(trigger)) throw fail(`unknown instruction: ${trigger.slice(0, 100)}`);
  return { kind: 'onbuild' as const, expression: rest };
}

function exactlyOne({ rest, fail, line }: Source, kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer') {
  if (rest === '') throw fail(`${line.keyword} requires exactly one argument`);
  return { kind, text: rest };
}

function list(source: Source, kind: 'expose' | 'volume') {
  const { rest, escapeChar, fail, line } = source;
  const words = (kind === 'volume' ? jsonWords(rest, fail) : undefined) ?? rawWords(rest, escapeChar);
  if (words.length === 0) throw fail(`${line.keyword} requires at least one argument`);
  if (kind === 'volume' && words.includes('')) throw fail('VOLUME specified can not be an empty string');
  return { kind, words };
}

function shell({ rest, fail }: Source) {
  const words = jsonWords(rest, fail);
  if (!words) throw fail('SHELL requires the arguments to be in JSON form');
  if (words.length === 0) throw fail('SHELL requires at least one argument');
  return { kind: 'shell' as const, words };
}

function run({ rest, fail, flags, line }: Source) {
  if (rest === '') throw fail('RUN requires at least one argument');
  const network = one(flags, 'network');
  if (!['', 'default', 'none', 'host'].includes(network))
    throw fail(`unsupported network mode ${JSON.stringify(network)}`);
  const security = one(flags, 'security');
  if (security !== '' && security !== 'sandbox') throw fail('RUN --security=insecure is not allowed');
  return {
    kind: 'run' as const,
    command: line.heredocs.length > 0 ? { shell: true, words: [rest] } : command(rest, fail),
    heredocs: line.heredocs,
    mounts: flags.get('mount') ?? [],
    network,
  };
}

function parts(source: Source) {
  const { line, rest, fail } = source;
  switch (line.keyword) {
    case 'FROM':
      return from(source);
    case 'ARG':
      return { kind: 'arg' as const, args: args(source) };
    case 'ENV':
      return { kind: 'env' as const, pairs: pairs(source) };
    case 'LABEL':
      return { kind: 'label' as const, pairs: pairs(source) };
    case 'RUN':
      return run(source);
    case 'COPY':
    case 'ADD':
      return copy(source);
    case 'CMD':
      return { kind: 'cmd' as const, command: command(rest, fail) };
    case 'ENTRYPOINT':
      return { kind: 'entrypoint' as const, command: command(rest, fail) };
    case 'WORKDIR':
      return exactlyOne(source, 'workdir');
    case 'USER':
      return exactlyOne(source, 'user');
    case 'STOPSIGNAL':
      return exactlyOne(source, 'stopsignal');
    case 'MAINTAINER':
      return exactlyOne(source, 'maintainer');
    case 'EXPOSE':
      return list(source, 'expose');
    case 'VOLUME':
      return list(source, 'volume');
    case 'SHELL':
      return shell(source);
    case 'HEALTHCHECK':
      return healthcheck(source);
    default:
      return onbuild(source);
  }
}

function parseLine(line: LogicalLine, escapeChar: Escape): Instruction {
  const fail: Fail = (message) => parseError(line.number, message);
  if (!KINDS.has(line.keyword)) throw fail(`unknown instruction: ${line.keyword.slice(0, 100)}`);
  const { flags, rest } = parseFlags(line.keyword, line.rest, escapeChar, fail);
  return { line: line.number, original: line.original, ...parts({ line, escapeChar, fail, flags, rest }) };
}

/** Errors: `invalid_argument` in Docker's words, with the line. */
export function parseDockerfile(text: string, name: string): Dockerfile {
  if (Buffer.byteLength(text) > DOCKERFILE_LIMIT) {
    throw parseError(1, `the Dockerfile (${name}) is larger than ${DOCKERFILE_LIMIT} bytes`);
  }
  const { lines, escapeChar } = readLines(text);
  const [first] = lines;
  if (!first) throw parseErrorEmpty(name);
  const instructions = lines.map((line) => parseLine(line, escapeChar));
  const early = instructions.find(({ kind }) => kind !== 'arg');
  if (!early) throw parseError(1, 'no build stage in current context');
  if (early.kind !== 'from') throw parseError(early.line, 'no build stage in current context');
  return { instructions, escapeChar };
}

const parseErrorEmpty = (name: string): EngineError => {
  const error = parseError(1, `the Dockerfile (${name}) cannot be empty`);
  return error;
};

/** A trigger that an image brought along. */
export function parseTrigger(expression: string): Instruction {
  const { lines, escapeChar } = readLines(expression);
  const [line] = lines;
  if (!line || lines.length !== 1) throw parseError(1, 'an ONBUILD trigger must be one instruction');
  return parseLine(line, escapeChar);
}
