import type { EngineError } from '#core/errors.ts';
import type { Escape } from './lines.ts';

/** Flags between an instruction's name and its arguments: `--name=value`, `--name` for switches. */

const VALUES: Readonly<Record<string, readonly string[]>> = {
  FROM: ['platform'],
  RUN: ['mount', 'network', 'security', 'device'],
  COPY: ['from', 'chown', 'chmod', 'exclude', 'checksum'],
  ADD: ['from', 'chown', 'chmod', 'exclude', 'checksum'],
  HEALTHCHECK: ['interval', 'timeout', 'start-period', 'start-interval', 'retries'],
};
const SWITCHES: Readonly<Record<string, readonly string[]>> = { COPY: ['link'], ADD: ['link', 'keep-git-dir'] };
const REPEATED = ['mount', 'exclude'];

/** One word with its quotes taken away; where it ends. */
function readWord(text: string, from: number, escapeChar: Escape): { word: string; end: number } {
  let word = '';
  let quote = '';
  let at = from;
  for (; at < text.length; at += 1) {
    const char = text[at]!;
    if (quote === '' && /\s/.test(char)) break;
    if (char === escapeChar && quote !== "'" && at + 1 < text.length) {
      // Variables are expanded later: their escapeChar must survive until then.
      word += text[at + 1] === '$' ? `${escapeChar}$` : text[at + 1];
      at += 1;
    } else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return { word, end: at };
}

export function parseFlags(
  keyword: string,
  text: string,
  escapeChar: Escape,
  fail: (message: string) => EngineError,
): { flags: ReadonlyMap<string, string[]>; rest: string } {
  const flags = new Map<string, string[]>();
  let at = 0;
  while (text.startsWith('--', at)) {
    const { word, end } = readWord(text, at, escapeChar);
    at = end;
    while (at < text.length && /\s/.test(text[at]!)) at += 1;
    if (word === '--') break;
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const isSwitch = SWITCHES[keyword]?.includes(name) ?? false;
    if (!isSwitch && !VALUES[keyword]?.includes(name)) throw fail(`unknown flag: --${name.slice(0, 100)}`);
    if (equals < 0 && !isSwitch) throw fail(`missing a value on flag: --${name}`);
    const value = equals < 0 ? 'true' : word.slice(equals + 1);
    if (isSwitch && !/^(true|false)$/i.test(value)) {
      throw fail(`expecting boolean value for flag ${name}, not: ${value.slice(0, 100)}`);
    }
    const before = flags.get(name);
    if (before && !REPEATED.includes(name)) throw fail(`duplicate flag specified: --${name}`);
    flags.set(name, [...(before ?? []), value]);
  }
  return { flags, rest: text.slice(at) };
}
