import { EngineError } from '#core/errors.ts';

/** By filter name, its values in the order given. A Map: names come from the client. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Filters hold names and labels; more than this is not a question. */
const MAX_LENGTH = 64 * 1024;

/**
 * The `filters` parameter of list, prune and events: JSON of `{"name": ["value"]}` or the older
 * `{"name": {"value": true}}`.
 *
 * Errors: invalid_argument for what is not that, and `invalid filter 'x'` for a name not in `known`.
 */
export function decodeFilters(text: string | null, known: readonly string[]): Filters {
  const filters = new Map<string, readonly string[]>();
  if (text === null || text === '') return filters;
  const parsed = text.length > MAX_LENGTH ? undefined : parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new EngineError('invalid_argument', 'invalid filter: filters must be a JSON object of lists');
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (!known.includes(name)) throw new EngineError('invalid_argument', `invalid filter '${name}'`);
    filters.set(name, valuesOf(name, value));
  }
  return filters;
}

function valuesOf(name: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const pairs = Object.entries(value);
    if (pairs.every(([, on]) => typeof on === 'boolean')) return pairs.filter(([, on]) => on).map(([key]) => key);
  }
  throw new EngineError('invalid_argument', `invalid filter '${name}': expected a list of strings`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
