import { z } from 'zod';

/**
 * A map of strings whose keys are the client's (labels, options). zod's own record drops `__proto__`, which is a fine
 * label; null is the same as absent, and a null value the same as an empty one, as in Go's decoder.
 */
const strings = z.unknown().transform((value, context): Record<string, string> => {
  const problem = (message: string, path: string[] = []) => {
    context.issues.push({ code: 'custom', message, path, input: value });
    return z.NEVER;
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return problem('expected an object of strings');
  const entries: [string, string][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item !== null && typeof item !== 'string') return problem('expected a string', [key]);
    entries.push([key, item ?? '']);
  }
  return Object.fromEntries(entries);
});

export const stringMap = strings.nullish();

/** Filter `label`: `key` or `key=value`, all of them. */
export const hasLabels = (labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean =>
  wanted.every((text) => {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    return Object.hasOwn(labels, key) && (at < 0 || labels[key] === text.slice(at + 1));
  });
