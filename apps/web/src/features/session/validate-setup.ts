import { session } from '../../lib/strings/session.ts';

export type SetupFields = { secret: string; username: string; password: string; repeat: string };
export type SetupErrors = Partial<Record<keyof SetupFields, string>>;

const errors = session.setup.errors;

/** What can be told before asking the engine, which checks it all again. */
export function validateSetup(fields: SetupFields): SetupErrors {
  const found: SetupErrors = {};
  if (!fields.secret) found.secret = errors.secret;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,31}$/.test(fields.username)) found.username = errors.username;
  if (fields.password.length < 12) found.password = errors.short;
  else if (new TextEncoder().encode(fields.password).length > 1024) found.password = errors.long;
  if (!found.password && fields.password !== fields.repeat) found.repeat = errors.repeat;
  return found;
}
