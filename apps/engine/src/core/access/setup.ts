import { timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { AccessStore } from './ports.ts';
import { hashSecret, newSetupSecret, normaliseSetupSecret } from './secrets.ts';

const DONE = 'setup.done';

export type Setup = {
  needed(): Promise<boolean>;
  /** The secret to print; null when set-up was done. Survives restarts until then, and has no time-out. */
  secret(): Promise<string | null>;
  /** @throws EngineError forbidden (wrong secret), conflict (done before). */
  check(secret: string): Promise<void>;
  done(): Promise<void>;
};

/** First run: whoever can read a root-only file of this host makes the first account. Once done it never reopens. */
export function createSetup(deps: { store: AccessStore; file: string }): Setup {
  const { store, file } = deps;
  const needed = async () => (await store.settings.get(DONE)) === null && (await store.countUsers()) === 0;
  const read = async (): Promise<string | null> => {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return normaliseSetupSecret(text).length === 20 ? text.trim() : null;
  };
  const write = async (): Promise<string> => {
    const secret = newSetupSecret();
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rm(file, { force: true });
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${secret}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return secret;
  };
  return {
    needed,
    async secret() {
      return (await needed()) ? ((await read()) ?? (await write())) : null;
    },
    async check(secret) {
      if (!(await needed())) throw new EngineError('conflict', 'The set-up was done before.');
      const expected = await read();
      const given = hashSecret(normaliseSetupSecret(secret));
      const right =
        expected !== null &&
        timingSafeEqual(Buffer.from(given), Buffer.from(hashSecret(normaliseSetupSecret(expected))));
      if (!right)
        throw new EngineError('forbidden', 'This is not the set-up secret. It is printed where Gantry was started.');
    },
    async done() {
      await store.settings.put(DONE, new Date().toISOString());
      await rm(file, { force: true });
    },
  };
}
