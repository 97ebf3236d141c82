import { account } from '#lib/strings/account.ts';

export type PasswordFields = { current: string; next: string; repeat: string };
export type PasswordErrors = Partial<Record<keyof PasswordFields, string>>;

const errors = account.password.errors;

/** What can be told before asking the engine, which checks it all again. */
export function validatePassword(fields: PasswordFields): PasswordErrors {
  const found: PasswordErrors = {};
  if (fields.current === '') found.current = errors.current;
  if (fields.next.length < 12) found.next = errors.short;
  else if (new TextEncoder().encode(fields.next).length > 1024) found.next = errors.long;
  if (!found.next && fields.next !== fields.repeat) found.repeat = errors.repeat;
  return found;
}
