import { stripAnsi } from '#lib/ansi.ts';
import type { StoredLine } from './log-store.ts';

/** Finds text in a line. Plain search ignores case unless the query has an upper-case letter. */
export type Matcher = {
  test: (text: string) => boolean;
  /** [start, end) pairs, at most `limit`. */
  ranges: (text: string, limit?: number) => [number, number][];
};

/** Looking further into one line costs time on every line and finds little. */
const SEARCHED_CHARS = 65_536;

export type MatcherResult = { matcher: Matcher | null; error: string | null };

/** `matcher` is null for an empty query and for a pattern that is no regular expression (then with its `error`). */
export function createMatcher(query: string, regex: boolean): MatcherResult {
  if (query === '') return { matcher: null, error: null };
  const flags = /\p{Lu}/u.test(query) ? 'g' : 'gi';
  let pattern: RegExp;
  try {
    pattern = new RegExp(regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags);
  } catch (error) {
    return {
      matcher: null,
      error: error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '',
    };
  }
  return {
    error: null,
    matcher: {
      test(text) {
        pattern.lastIndex = 0;
        return pattern.test(text);
      },
      ranges(text, limit = 200) {
        const found: [number, number][] = [];
        pattern.lastIndex = 0;
        for (let match = pattern.exec(text); match && found.length < limit; match = pattern.exec(text)) {
          if (match[0] === '') pattern.lastIndex++;
          else found.push([match.index, match.index + match[0].length]);
        }
        return found;
      },
    },
  };
}

/** The text of a line that search and filter look at. */
export const searchable = (line: StoredLine): string => stripAnsi(line.m, SEARCHED_CHARS).slice(0, SEARCHED_CHARS);

export type LineFilter = { stdout: boolean; stderr: boolean; matcher: Matcher | null; invert: boolean };

/** Marks always pass: they say why there is a hole. */
export function acceptsLine(filter: LineFilter, line: StoredLine): boolean {
  if (line.s === 0) return true;
  if (line.s === 1 ? !filter.stdout : !filter.stderr) return false;
  return filter.matcher === null || filter.matcher.test(searchable(line)) !== filter.invert;
}
