import { PatternError, pathMatcher } from './path-pattern.ts';

/**
 * .dockerignore: one pattern a line, `#` comments, `!` takes back what an
 * earlier line excluded; a directory's match holds for all below it; the last
 * line that matches decides. Dockerfile reference, ".dockerignore file".
 */
export type Ignore = {
  /** Path below the root, without a leading slash. */
  excludes(path: string): boolean;
  /** Something below an excluded directory may still be wanted. */
  hasExceptions: boolean;
};

/** Lines are a bound on work, as every path is held against each of them. */
const PATTERN_LIMIT = 10_000;

/** `a/./b//c/../d` → `a/b/d`; never above the root. */
function clean(pattern: string): string {
  const out: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') out.pop();
    else out.push(part);
  }
  return out.join('/');
}

/** The patterns of a file's text; comments and blank lines left out. */
export const ignoreLines = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** Throws PatternError. */
export function createIgnore(patterns: readonly string[]): Ignore {
  if (patterns.length > PATTERN_LIMIT) throw new PatternError();
  const rules = patterns.flatMap((line) => {
    const negated = line.startsWith('!');
    const pattern = clean(negated ? line.slice(1).trim() : line);
    // A lone `!` is a mistake; `.` and `/` name the root, which cannot be left out.
    if (negated && line.slice(1).trim() === '') throw new PatternError();
    return pattern === '' ? [] : [{ negated, matches: pathMatcher(pattern, { deep: true }) }];
  });
  return {
    hasExceptions: rules.some(({ negated }) => negated),
    excludes(path) {
      const parts = path.split('/');
      const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
      let excluded = false;
      for (const { negated, matches } of rules) {
        // Only a rule that would change the answer needs looking at.
        if (negated === excluded && paths.some(matches)) excluded = !negated;
      }
      return excluded;
    },
  };
}
