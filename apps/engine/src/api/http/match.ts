import { EngineError } from '#core/errors.ts';

export type Pattern = { readonly regex: RegExp; readonly names: readonly string[]; readonly rank: string };

/**
 * `{name}` matches one segment, `{name:path}` one or more. `rank` orders
 * patterns: a literal segment before a parameter, a parameter before a path,
 * a longer pattern before a shorter one.
 */
export function compilePattern(path: string): Pattern {
  const names: string[] = [];
  let source = '';
  let rank = '';
  for (const segment of path.split('/').slice(1)) {
    const parameter = /^\{(\w+)(:path)?\}$/.exec(segment);
    if (!parameter) {
      if (/[{}]/.test(segment)) throw new Error(`route ${path}: a parameter is a whole segment`);
      source += `/${segment.replace(/[.*+?^$()|[\]\\]/g, '\\$&')}`;
      rank += '0';
      continue;
    }
    names.push(parameter[1] as string);
    source += parameter[2] ? '/(.+)' : '/([^/]+)';
    rank += parameter[2] ? '2' : '1';
  }
  // '9' sorts the end of a pattern after every segment: the longer one is tried first.
  return { regex: new RegExp(`^${source}$`), names, rank: `${rank}9` };
}

export type Match<T> = { readonly route: T; readonly params: Readonly<Record<string, string>> };

/** A matcher over a table of routes: undefined for an unknown path and for a wrong method alike, as Docker does. */
export function createMatcher<T extends { readonly method: string; readonly path: string }>(
  routes: readonly T[],
): (method: string, path: string) => Match<T> | undefined {
  const table = new Map<string, { route: T; pattern: Pattern }[]>();
  for (const route of routes) {
    const entries = table.get(route.method) ?? [];
    if (entries.some((entry) => entry.route.path === route.path)) {
      throw new Error(`route ${route.method} ${route.path} is declared twice`);
    }
    entries.push({ route, pattern: compilePattern(route.path) });
    table.set(route.method, entries);
  }
  for (const entries of table.values()) {
    entries.sort((a, b) => (a.pattern.rank < b.pattern.rank ? -1 : a.pattern.rank > b.pattern.rank ? 1 : 0));
  }
  return (method, path) => {
    for (const { route, pattern } of table.get(method) ?? []) {
      const found = pattern.regex.exec(path);
      if (!found) continue;
      const params: Record<string, string> = Object.create(null);
      pattern.names.forEach((name, index) => {
        params[name] = decodeSegment(found[index + 1] as string);
      });
      return { route, params };
    }
    return undefined;
  };
}

function decodeSegment(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new EngineError('invalid_argument', 'the request path is not valid percent-encoded UTF-8', { cause });
  }
}
