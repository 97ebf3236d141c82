import { EngineError } from '#core/errors.ts';
import { familiarReference, familiarRepository, parseReference } from '#lib/reference.ts';
import { parseNano } from '#lib/time.ts';
import type { Catalog } from './catalog.ts';
import type { ImageRecord } from './types.ts';

export type ListFilter = {
  all?: boolean;
  /** Patterns as for path.Match: `ct-*:*`. Any may match. */
  references?: readonly string[];
  dangling?: boolean;
  /** `key` or `key=value`; all must match. */
  labels?: readonly string[];
  /** `key` or `key=value`; none may match. */
  withoutLabels?: readonly string[];
  /** Names or ids of images. */
  before?: readonly string[];
  since?: readonly string[];
  /** Nanoseconds since the epoch. */
  until?: bigint;
};

/** Creation time for comparisons; an image without one is the oldest. */
export const createdNano = (record: ImageRecord): bigint => parseNano(record.created) ?? 0n;

/** Shell patterns within one path segment: `*`, `?`, `[a-z]`, `\x`. Bad ones are `invalid_argument`. */
function compilePattern(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!;
    if (char === '*') source += '[^/]*';
    else if (char === '?') source += '[^/]';
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2);
      if (end < 0) throw new EngineError('invalid_argument', 'syntax error in pattern');
      const body = pattern.slice(at + 1, end).replace(/[\\\]]/g, '\\$&');
      source += `[${body}]`;
      at = end;
    } else {
      const literal = char === '\\' ? (pattern[++at] ?? '') : char;
      source += literal.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    }
  }
  try {
    return new RegExp(`^${source.replace(/(\[\^\/\]\*)+/g, '[^/]*')}$`);
  } catch (cause) {
    throw new EngineError('invalid_argument', 'syntax error in pattern', { cause });
  }
}

function referenceMatcher(patterns: readonly string[]): (name: string) => boolean {
  const compiled = patterns.map(compilePattern);
  return (name) => {
    const reference = parseReference(name);
    const forms = [familiarReference(reference), familiarRepository(reference)];
    return compiled.some((pattern) => forms.some((form) => pattern.test(form)));
  };
}

export function hasLabel(labels: Readonly<Record<string, string>> | undefined, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  if (!labels || !Object.hasOwn(labels, key)) return false;
  return equals < 0 || labels[key] === wanted.slice(equals + 1);
}

export const matchesLabels = (
  record: ImageRecord,
  labels: readonly string[] = [],
  without: readonly string[] = [],
): boolean =>
  labels.every((label) => hasLabel(record.config.Labels, label)) &&
  !without.some((label) => hasLabel(record.config.Labels, label));

/** Newest first. With a pattern for names an image shows only the names that match. */
export function listImages(catalog: Catalog, filter: ListFilter): ImageRecord[] {
  const matches = filter.references?.length ? referenceMatcher(filter.references) : undefined;
  const before = (filter.before ?? []).map((name) => createdNano(catalog.get(name)));
  const since = (filter.since ?? []).map((name) => createdNano(catalog.get(name)));
  const parents = new Set(catalog.all().map((record) => record.parent));
  const out: ImageRecord[] = [];
  for (const record of catalog.all()) {
    const created = createdNano(record);
    if (before.some((limit) => created >= limit) || since.some((limit) => created <= limit)) continue;
    if (filter.until !== undefined && created > filter.until) continue;
    if (!matchesLabels(record, filter.labels, filter.withoutLabels)) continue;
    const isDangling = record.repoTags.length === 0;
    if (filter.dangling !== undefined && filter.dangling !== isDangling) continue;
    if (isDangling && parents.has(record.id) && !filter.all) continue;
    if (!matches) {
      out.push(record);
      continue;
    }
    const shown = {
      ...record,
      repoTags: record.repoTags.filter(matches),
      repoDigests: record.repoDigests.filter(matches),
    };
    if (shown.repoTags.length > 0 || shown.repoDigests.length > 0) out.push(shown);
  }
  return out.sort((a, b) => (createdNano(a) < createdNano(b) ? 1 : createdNano(a) > createdNano(b) ? -1 : 0));
}
