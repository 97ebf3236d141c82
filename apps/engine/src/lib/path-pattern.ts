/**
 * Patterns for paths as Go's filepath.Match has them (`*`, `?`, `[a-z]`, `\x`,
 * none of which matches a slash), with `**` for any number of directories where
 * asked for. Matching takes time in proportion to pattern times path, whatever
 * the pattern: it comes from strangers.
 */
type Token =
  | { kind: 'star' | 'any' | 'deep' | 'deepSlash' }
  | { kind: 'char'; char: string }
  | { kind: 'class'; negated: boolean; ranges: [string, string][] };

export class PatternError extends Error {
  constructor() {
    super('syntax error in pattern');
    this.name = 'PatternError';
  }
}

function readClass(pattern: string, from: number): { token: Token; end: number } {
  let at = from + 1;
  const negated = pattern[at] === '^';
  if (negated) at += 1;
  const ranges: [string, string][] = [];
  const character = (): string => {
    if (pattern[at] === '\\') at += 1;
    const char = pattern[at];
    if (char === undefined) throw new PatternError();
    at += 1;
    return char;
  };
  while (pattern[at] !== ']' || ranges.length === 0) {
    const low = character();
    if (pattern[at] === '-' && pattern[at + 1] !== ']') {
      at += 1;
      ranges.push([low, character()]);
    } else ranges.push([low, low]);
  }
  return { token: { kind: 'class', negated, ranges }, end: at };
}

function compile(pattern: string, deep: boolean): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === '*' && deep && pattern[at + 1] === '*') {
      while (pattern[at + 1] === '*') at += 1;
      const isWhole = pattern[at + 1] === '/';
      if (isWhole) at += 1;
      tokens.push({ kind: isWhole ? 'deepSlash' : 'deep' });
    } else if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '[') {
      const { token, end } = readClass(pattern, at);
      tokens.push(token);
      at = end;
    } else if (char === '\\') {
      at += 1;
      if (at >= pattern.length) throw new PatternError();
      tokens.push({ kind: 'char', char: pattern[at]! });
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** Where reading `char` in front of `token` leads to: it stays (0), goes on (1), both, or neither. */
function step(token: Token, char: string): { stay: boolean; next: boolean } {
  switch (token.kind) {
    case 'star':
      return { stay: char !== '/', next: false };
    case 'deep':
      return { stay: true, next: false };
    case 'deepSlash':
      return { stay: true, next: char === '/' };
    case 'any':
      return { stay: false, next: char !== '/' };
    case 'char':
      return { stay: false, next: char === token.char };
    default: {
      const inside = token.ranges.some(([low, high]) => low <= char && char <= high);
      return { stay: false, next: char !== '/' && inside !== token.negated };
    }
  }
}

/** Whether a path matches as a whole. Throws PatternError for a malformed pattern. */
export function pathMatcher(pattern: string, options: { deep?: boolean } = {}): (path: string) => boolean {
  const tokens = compile(pattern, options.deep ?? false);
  /** What can be left out: states reachable without reading. `deepSlash` only at its beginning. */
  const enter = (states: Set<number>, from: number): void => {
    for (let state = from; ; state += 1) {
      states.add(state);
      const kind = tokens[state]?.kind;
      if (kind !== 'star' && kind !== 'deep' && kind !== 'deepSlash') return;
    }
  };
  return (path) => {
    let states = new Set<number>();
    enter(states, 0);
    for (const char of path) {
      const next = new Set<number>();
      for (const state of states) {
        const token = tokens[state];
        if (!token) continue;
        const to = step(token, char);
        // Inside `**/` the rest must begin behind a slash: the state is kept apart from its entry.
        if (to.stay) {
          if (token.kind === 'deepSlash') next.add(state);
          else enter(next, state);
        }
        if (to.next) enter(next, state + 1);
      }
      states = next;
      if (states.size === 0) return false;
    }
    return states.has(tokens.length);
  };
}

export const hasWildcards = (text: string): boolean => /[*?[\\]/.test(text);
