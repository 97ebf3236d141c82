import { EngineError } from '#core/errors.ts';
import type { Escape } from './lines.ts';
import { type Budget, removeAffix, replacePattern } from './patterns.ts';

/**
 * Quotes and variables in the words of an instruction. Dockerfile reference,
 * "Environment replacement". What comes out is bounded in size, and the work in
 * time, whatever the variables hold.
 */
export type Variables = ReadonlyMap<string, string>;

/** Bytes of one expanded value. */
const VALUE_LIMIT = 1024 * 1024;
const NESTING_LIMIT = 50;
/** Steps of pattern matching in one value. */
const PATTERN_BUDGET = 20_000_000;

const bad = (message: string): EngineError => new EngineError('invalid_argument', message);

type Scan = {
  text: string;
  at: number;
  depth: number;
  escapeChar: Escape;
  variables: Variables;
  budget: Budget;
  /** In a here-document quotes are text. */
  quotes: boolean;
};

type Out = { words: string[]; word: string; isOpen: boolean; size: number };

function put(out: Out, text: string): void {
  out.size += text.length;
  if (out.size > VALUE_LIMIT) throw bad('a value becomes larger than 1 MiB by its variables');
  out.word += text;
  out.isOpen = true;
}

function endWord(out: Out): void {
  if (out.isOpen) out.words.push(out.word);
  out.word = '';
  out.isOpen = false;
}

/** What a variable gave, outside of quotes: spaces in it end words when words are wanted. */
function putSplit(out: Out, text: string, split: boolean): void {
  if (!split) return void (text !== '' && put(out, text));
  const pieces = text.split(/[ \t\r\n]+/);
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) endWord(out);
    if (piece !== '') put(out, piece);
  }
}

/** Reads up to `stop` (left unread) or the end. */
function scan(state: Scan, stop: string, out: Out, split: boolean): void {
  const { text, escapeChar } = state;
  while (state.at < text.length) {
    const char = text[state.at]!;
    if (char === stop) return;
    if (state.quotes && char === "'") {
      const end = text.indexOf("'", state.at + 1);
      if (end < 0) throw bad('unexpected end of statement while looking for matching single-quote');
      put(out, text.slice(state.at + 1, end));
      state.at = end + 1;
    } else if (state.quotes && char === '"') {
      state.at += 1;
      out.isOpen = true;
      doubleQuoted(state, out);
    } else if (char === '$') {
      putSplit(out, dollar(state), split);
    } else if (char === escapeChar) {
      const next = text[state.at + 1];
      state.at += 2;
      if (!state.quotes && next !== '$' && next !== escapeChar) put(out, escapeChar + (next ?? ''));
      else if (next !== undefined) put(out, next);
    } else if (split && /\s/.test(char)) {
      endWord(out);
      state.at += 1;
    } else {
      put(out, char);
      state.at += 1;
    }
  }
  if (stop) throw bad(`syntax error: missing '${stop}'`);
}

function doubleQuoted(state: Scan, out: Out): void {
  const { text, escapeChar } = state;
  while (state.at < text.length) {
    const char = text[state.at]!;
    if (char === '"') {
      state.at += 1;
      return;
    }
    if (char === '$') put(out, dollar(state));
    else if (char === escapeChar && ['"', '$', escapeChar].includes(text[state.at + 1] ?? '')) {
      put(out, text[state.at + 1]!);
      state.at += 2;
    } else {
      put(out, char);
      state.at += 1;
    }
  }
  throw bad('unexpected end of statement while looking for matching double-quote');
}

/** From a `$` on. */
function dollar(state: Scan): string {
  state.at += 1;
  if (state.text[state.at] === '{') return braced(state);
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]|[@*#?!$-])/.exec(state.text.slice(state.at, state.at + 4096))?.[0];
  if (name === undefined) return '$';
  state.at += name.length;
  return state.variables.get(name) ?? '';
}

/** The text up to `stop`, expanded. */
function nested(state: Scan, stop: string): string {
  if (state.depth >= NESTING_LIMIT) throw bad('variables are nested too deeply');
  const out: Out = { words: [], word: '', isOpen: false, size: 0 };
  state.depth += 1;
  scan(state, stop, out, false);
  state.depth -= 1;
  return out.word;
}

function braced(state: Scan): string {
  const { variables, budget } = state;
  state.at += 1;
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?!$-])/.exec(state.text.slice(state.at, state.at + 4096))?.[0];
  if (name === undefined) {
    throw bad(state.at >= state.text.length ? "syntax error: missing '}'" : 'syntax error: bad substitution');
  }
  state.at += name.length;
  const value = variables.get(name);
  const operator = /^(?:}|:[-+?]|[-+?]|##?|%%?|\/\/?)/.exec(state.text.slice(state.at, state.at + 2))?.[0];
  if (operator === undefined) {
    if (state.at >= state.text.length) throw bad("syntax error: missing '}'");
    throw bad(`unsupported modifier (${state.text.slice(state.at, state.at + 2)}) in substitution`);
  }
  state.at += operator.length;
  if (operator === '}') return value ?? '';
  const isReplace = operator.startsWith('/');
  const word = nested(state, isReplace ? '/' : '}');
  state.at += 1;
  if (isReplace) {
    const replacement = nested(state, '}');
    state.at += 1;
    return replacePattern(value ?? '', word, replacement, operator === '//', budget);
  }
  if (operator.startsWith('#') || operator.startsWith('%')) {
    return removeAffix(value ?? '', word, operator[0] === '#' ? 'start' : 'end', operator.length === 2, budget);
  }
  const isThere = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  if (operator.endsWith('-')) return isThere ? (value ?? '') : word;
  if (operator.endsWith('+')) return isThere ? word : '';
  if (!isThere) throw bad(`${name}: ${word === '' ? 'not allowed to be unset' : word.slice(0, 1000)}`);
  return value ?? '';
}

const begin = (text: string, variables: Variables, escapeChar: Escape, quotes: boolean): Scan => ({
  text,
  at: 0,
  depth: 0,
  escapeChar,
  variables,
  budget: { left: PATTERN_BUDGET },
  quotes,
});
const empty = (): Out => ({ words: [], word: '', isOpen: false, size: 0 });

/** One word: quotes and escapes taken away, variables replaced. Errors: `invalid_argument`. */
export function expandWord(word: string, variables: Variables, escapeChar: Escape): string {
  const out = empty();
  scan(begin(word, variables, escapeChar, true), '', out, false);
  return out.word;
}

/** The same for a text whose spaces, also those of variables, separate words. */
export function expandWords(text: string, variables: Variables, escapeChar: Escape): string[] {
  const out = empty();
  scan(begin(text, variables, escapeChar, true), '', out, true);
  endWord(out);
  return out.words;
}

/** The text of a here-document: variables only. */
export function expandHeredoc(text: string, variables: Variables): string {
  const out = empty();
  scan(begin(text, variables, '\\', false), '', out, false);
  return out.word;
}

/** Splits at spaces outside of quotes; quotes, escapes and variables stay as written. */
export function rawWords(text: string, escapeChar: Escape): string[] {
  const words: string[] = [];
  let from = -1;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (quote === '' && /\s/.test(char)) {
      if (from >= 0) words.push(text.slice(from, at));
      from = -1;
      continue;
    }
    if (from < 0) from = at;
    if (char === escapeChar && quote !== "'") at += 1;
    else if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
  }
  if (from >= 0) words.push(text.slice(from));
  return words;
}
