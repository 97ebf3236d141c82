import type { z } from 'zod';
import { EngineError } from '#core/errors.ts';

/**
 * A request body by its schema. Field names match in any case, as in Go's decoder that clients are used to; of two
 * spellings the last one wins. Unknown fields are ignored; no body is an empty one.
 *
 * Errors: invalid_argument naming the field.
 */
export function decodeBody<S extends z.ZodObject>(schema: S, body: unknown): z.output<S> {
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body))) {
    throw new EngineError('invalid_argument', `invalid JSON: expected an object, got ${describe(body)}`);
  }
  const names = new Map(Object.keys(schema.shape).map((name) => [name.toLowerCase(), name]));
  const fields = new Map<string, unknown>();
  for (const [key, value] of Object.entries(body ?? {})) {
    const name = names.get(key.toLowerCase());
    if (name !== undefined) fields.set(name, value);
  }
  const result = schema.safeParse(Object.fromEntries(fields));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') ?? '';
  throw new EngineError(
    'invalid_argument',
    `invalid JSON: ${path === '' ? '' : `${path}: `}${issue?.message ?? 'wrong type'}`,
  );
}

const describe = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value);
