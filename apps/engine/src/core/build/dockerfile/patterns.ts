import { EngineError } from '#core/errors.ts';

/**
 * Shell patterns (`*`, `?`, `\x`) without a regular expression engine: the
 * patterns come from strangers, and their cost must grow with their length only
 * in a way that can be counted.
 */
export type Budget = { left: number };

type Token = { kind: 'star' } | { kind: 'any' } | { kind: 'char'; char: string };

function tokens(pattern: string): Token[] {
  const out: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === '*') {
      if (out.at(-1)?.kind !== 'star') out.push({ kind: 'star' });
    } else if (char === '?') out.push({ kind: 'any' });
    else out.push({ kind: 'char', char: char === '\\' && at + 1 < pattern.length ? pattern[++at]! : char });
  }
  return out;
}

function spend(budget: Budget, steps: number): void {
  budget.left -= steps;
  if (budget.left < 0) throw new EngineError('invalid_argument', 'a pattern in a variable takes too long to match');
}

/** Lengths, ascending, of what the pattern matches from `start` on. */
function* matchLengths(text: string, start: number, pattern: readonly Token[], budget: Budget): Generator<number> {
  let states = new Set<number>([0]);
  const close = (set: Set<number>): Set<number> => {
    for (const state of set) if (pattern[state]?.kind === 'star') set.add(state + 1);
    return set;
  };
  states = close(states);
  for (let at = start; ; at += 1) {
    if (states.has(pattern.length)) yield at - start;
    if (at >= text.length || states.size === 0) return;
    spend(budget, states.size);
    const next = new Set<number>();
    for (const state of states) {
      const token = pattern[state];
      if (token === undefined) continue;
      if (token.kind === 'star') next.add(state);
      else if (token.kind === 'any' || token.char === text[at]) next.add(state + 1);
    }
    states = close(next);
  }
}

function pick(lengths: Iterable<number>, longest: boolean): number | undefined {
  let found: number | undefined;
  for (const length of lengths) {
    found = length;
    if (!longest) break;
  }
  return found;
}

/** `${x#pattern}` and its kin. */
export function removeAffix(
  text: string,
  pattern: string,
  side: 'start' | 'end',
  longest: boolean,
  budget: Budget,
): string {
  const list = tokens(pattern);
  if (side === 'start') return text.slice(pick(matchLengths(text, 0, list, budget), longest) ?? 0);
  const reversed = [...text].reverse().join('');
  const length = pick(matchLengths(reversed, 0, [...list].reverse(), budget), longest) ?? 0;
  return text.slice(0, text.length - length);
}

/** `${x/pattern/replacement}`; `//` replaces all. Each match is as long as can be. */
export function replacePattern(
  text: string,
  pattern: string,
  replacement: string,
  all: boolean,
  budget: Budget,
): string {
  const list = tokens(pattern);
  if (list.length === 0) return text;
  const out: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; ) {
    spend(budget, 1);
    const length = pick(matchLengths(text, at, list, budget), true);
    if (!length) {
      at += 1;
      continue;
    }
    out.push(text.slice(from, at), replacement);
    spend(budget, replacement.length);
    at += length;
    from = at;
    if (!all) break;
  }
  out.push(text.slice(from));
  return out.join('');
}
