import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { EngineError } from '#core/errors.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

/** OWASP Password Storage Cheat Sheet, argon2id: m = 19 MiB, t = 2, p = 1. Kept with each hash, so they can grow. */
const PARAMETERS = { memory: 19 * 1024, passes: 2, parallelism: 1 } as const;
const TAG_LENGTH = 32;
/** Hashing takes a core for tens of milliseconds: more at a time would starve the logs and terminals of others. */
const MAX_CONCURRENT = 2;
/** Waiting attempts; beyond this an attempt is refused instead of queued. */
const MAX_WAITING = 32;

export const MIN_LENGTH = 12;
export const MAX_BYTES = 1024;

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

export type PasswordHasher = {
  /** PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. */
  hash(password: string): Promise<string>;
  verify(password: string, hash: string): Promise<boolean>;
  /** Takes as long as verify does: for an account that does not exist. */
  verifyNothing(password: string): Promise<false>;
  needsRehash(hash: string): boolean;
};

export function createPasswordHasher(): PasswordHasher {
  const limit = createLimit(MAX_CONCURRENT, MAX_WAITING);
  const run = (
    password: string,
    salt: Buffer,
    cost: { memory: number; passes: number; parallelism: number },
    tagLength: number,
  ) => limit(() => derive('argon2id', { message: Buffer.from(password, 'utf8'), nonce: salt, tagLength, ...cost }));
  const dummySalt = randomBytes(16);
  return {
    async hash(password) {
      const salt = randomBytes(16);
      const tag = await run(password, salt, PARAMETERS, TAG_LENGTH);
      const { memory, passes, parallelism } = PARAMETERS;
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
    },
    async verify(password, hash) {
      const parsed = parse(hash);
      if (!parsed || Buffer.byteLength(password) > MAX_BYTES) return this.verifyNothing(password);
      const tag = await run(password, parsed.salt, parsed.cost, parsed.tag.length);
      return timingSafeEqual(tag, parsed.tag);
    },
    async verifyNothing(password) {
      await run(password.slice(0, MAX_BYTES), dummySalt, PARAMETERS, TAG_LENGTH);
      return false;
    },
    needsRehash(hash) {
      const cost = parse(hash)?.cost;
      return (
        cost === undefined ||
        cost.memory < PARAMETERS.memory ||
        cost.passes < PARAMETERS.passes ||
        cost.parallelism !== PARAMETERS.parallelism
      );
    },
  };
}

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

function parse(hash: string) {
  const match =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,86})\$([A-Za-z0-9+/]{16,86})$/.exec(hash);
  if (!match) return null;
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** @throws EngineError invalid_argument, saying what to do. */
export function checkPasswordRules(password: string, username: string): void {
  const refuse = (message: string): never => {
    throw new EngineError('invalid_argument', message, { details: { field: 'password' } });
  };
  if ([...password].length < MIN_LENGTH) refuse(`Use at least ${MIN_LENGTH} characters.`);
  if (Buffer.byteLength(password, 'utf8') > MAX_BYTES) refuse(`Use at most ${MAX_BYTES} bytes.`);
  const lower = password.toLowerCase();
  const bare = lower.replace(/[^a-z0-9]/g, '');
  if (lower.includes(username.toLowerCase()) && bare.length - username.length < MIN_LENGTH - 4) {
    refuse('The password is little more than the user name.');
  }
  if (new Set(lower).size < 5) refuse('The password repeats too few characters.');
  if (COMMON_PASSWORDS.has(bare) || COMMON_PASSWORDS.has(bare.replace(/\d+$/, '')))
    refuse('This password is one of the first to be tried.');
  if (isSequence(bare)) refuse('The password is a sequence of keys.');
}

function isSequence(text: string): boolean {
  const rows = [
    'abcdefghijklmnopqrstuvwxyz',
    '01234567890123456789',
    'qwertyuiopasdfghjklzxcvbnm',
    'qazwsxedcrfvtgbyhnujmikolp',
  ];
  return text.length > 0 && rows.some((row) => row.includes(text) || [...row].reverse().join('').includes(text));
}

function createLimit(concurrency: number, waiting: number): <T>(work: () => Promise<T>) => Promise<T> {
  let active = 0;
  const queue: (() => void)[] = [];
  return async (work) => {
    if (active >= concurrency) {
      if (queue.length >= waiting)
        throw new EngineError('rate_limited', 'Too many sign-in attempts at the moment. Try again shortly.');
      await new Promise<void>((resolve) => queue.push(resolve));
    } else active++;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      // The turn is handed on, not given back.
      if (next) next();
      else active--;
    }
  };
}
