import { EngineError, type ErrorCode } from '#core/errors.ts';
import type { Reference } from '#lib/reference.ts';
import { familiarRepository } from '#lib/reference.ts';
import { type Answer, readBody } from './http.ts';

const BODY_LIMIT = 64 * 1024;
const MESSAGE_LIMIT = 1_000;

type RegistryFault = { code: string; message: string };

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a server says must not steer a terminal
const clean = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(0, MESSAGE_LIMIT);

/** The first of `{"errors": [{"code", "message"}]}`; distribution spec, "Error Codes". */
async function faultOf(answer: Answer): Promise<RegistryFault | undefined> {
  const bytes = await readBody(answer, BODY_LIMIT).catch(() => undefined);
  if (!bytes) return undefined;
  try {
    const { errors } = JSON.parse(bytes.toString('utf8')) as { errors?: RegistryFault[] };
    const first = Array.isArray(errors) ? errors[0] : undefined;
    if (!first || typeof first.code !== 'string') return undefined;
    return { code: clean(first.code), message: clean(typeof first.message === 'string' ? first.message : '') };
  } catch {
    return undefined;
  }
}

const word = (code: string): string => code.toLowerCase().replaceAll('_', ' ');

export type About = { reference: Pick<Reference, 'domain' | 'path'>; what?: string; isWrite?: boolean };

/** An answer that is no success, as an error in Docker's words. Reads the body. */
export async function answerError(answer: Answer, about: About): Promise<EngineError> {
  const fault = await faultOf(answer);
  const repository = familiarRepository(about.reference);
  const make = (code: ErrorCode, message: string) =>
    new EngineError(code, message, { details: { status: answer.status } });
  const said = fault ? `${word(fault.code)}: ${fault.message}` : `status ${answer.status}`;
  if (answer.status === 404) {
    if (fault?.code === 'NAME_UNKNOWN') return make('not_found', `repository ${repository} not found: ${said}`);
    if (about.what === undefined) return make('not_found', `${repository} not found: ${said}`);
    const separator = about.what.includes(':') ? '@' : ':';
    const reason = fault ? said : 'manifest unknown: manifest unknown';
    return make('not_found', `manifest for ${repository}${separator}${about.what} not found: ${reason}`);
  }
  if (answer.status === 401 || answer.status === 403) {
    const isDenied = fault?.code === 'DENIED' || answer.status === 403;
    if (isDenied && about.isWrite)
      return make('forbidden', `denied: ${fault?.message ?? 'requested access to the resource is denied'}`);
    if (isDenied) {
      return make(
        'not_found',
        `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${said}`,
      );
    }
    return make('unauthenticated', `unauthorized: ${fault?.message || 'authentication required'}`);
  }
  if (answer.status === 429) return make('unavailable', `toomanyrequests: ${fault?.message || 'too many requests'}`);
  return make('unavailable', `received unexpected HTTP status: ${answer.status}${fault ? ` (${said})` : ''}`);
}
