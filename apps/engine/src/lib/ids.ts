import { randomBytes } from 'node:crypto';

/** A new 64-digit hexadecimal id. Never all digits in its first 12, so that no tool reads it as a number. */
export function newId(): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (/[a-f]/.test(id.slice(0, 12))) return id;
  }
}

export const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

export const isHexPrefix = (text: string): boolean => /^[0-9a-f]{1,64}$/.test(text);
