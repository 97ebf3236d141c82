import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** 256 random bits: guessing one is out of the question, so a plain hash of it is enough in the database. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

export const hashSecret = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex');

const checksum = (text: string) => crc32(text).toString(16).padStart(8, '0');

/** `gantry_` + 256 bits + a checksum, so that scanners can recognise one and a mistyped one costs no look-up. */
export function newToken(): string {
  const body = newSecret();
  return `gantry_${body}${checksum(body)}`;
}

export function isWellFormedToken(token: string): boolean {
  const match = /^gantry_([A-Za-z0-9_-]{43})([0-9a-f]{8})$/.exec(token);
  return match !== null && checksum(match[1] as string) === match[2];
}

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** 100 random bits in a form people can type: `ABCDE-FGHJK-LMNPQ-RSTUV`. */
export function newSetupSecret(): string {
  const letters = [...randomBytes(20)].map((byte) => ALPHABET[byte % 32]);
  return letters.join('').replace(/(.{5})(?=.)/g, '$1-');
}

/** As typed by a person: case, blanks and dashes do not matter. */
export const normaliseSetupSecret = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9]/g, '');
