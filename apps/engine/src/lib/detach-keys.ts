/**
 * Detach keys: a sequence in the input of a terminal that ends the connection
 * and leaves the process running. Written as a comma-separated list of single
 * characters and `ctrl-x` (x: a letter, `@`, `^`, `[`, `]`, `\`, `_`).
 */
const DEFAULT_KEYS: readonly number[] = [0x10, 0x11];
const CONTROL = new Map([...'@abcdefghijklmnopqrstuvwxyz[\\]^_'].map((key, code) => [key, code] as const));

/** The bytes of the sequence; ctrl-p ctrl-q when `text` is empty or absent; null when it is not a sequence. */
export function parseDetachKeys(text: string | null | undefined): readonly number[] | null {
  if (!text) return DEFAULT_KEYS;
  if (text.length > 256) return null;
  const keys: number[] = [];
  for (const word of text.split(',')) {
    const control = /^ctrl-(.)$/i.exec(word);
    const code = control ? CONTROL.get((control[1] as string).toLowerCase()) : undefined;
    if (code !== undefined) keys.push(code);
    else if (word.length === 1 && word.charCodeAt(0) < 0x80) keys.push(word.charCodeAt(0));
    else return null;
  }
  return keys;
}

/**
 * Watches input for the sequence. Bytes that may belong to it are held back until they do not; `detached` is true
 * once it was typed in full, with `data` the bytes before it.
 */
export function createDetachScanner(keys: readonly number[]): {
  push(chunk: Buffer): { data: Buffer; detached: boolean };
} {
  let held = 0;
  const prefix = Buffer.from(keys);
  return {
    push(chunk) {
      if (prefix.length === 0) return { data: chunk, detached: false };
      const out: Buffer[] = [];
      let from = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] as number;
        if (byte === prefix[held]) {
          if (held === 0) out.push(chunk.subarray(from, at));
          held += 1;
          from = at + 1;
          if (held === prefix.length) return { data: Buffer.concat(out), detached: true };
          continue;
        }
        if (held === 0) continue;
        // Not the sequence after all: what was held back is input. The byte itself may begin it anew.
        out.push(prefix.subarray(0, held));
        held = 0;
        from = at;
        at -= 1;
      }
      if (held === 0) out.push(chunk.subarray(from));
      return { data: out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out), detached: false };
    },
  };
}
