import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let base: string;
let mask: number;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'gantry-make-'));
  mask = process.umask(0o077);
});
afterEach(async () => {
  process.umask(mask);
  await rm(base, { recursive: true, force: true });
});
const modeOf = async (path: string) => (await stat(join(base, path))).mode & 0o7777;

test('every new directory has the mode whatever the mask, what was there keeps its own', async () => {
  await mkdir(join(base, 'old'));
  expect(await makeDirectory(join(base, 'old', 'a', '..', 'a', 'b'), 0o755)).toBe(true);
  expect([await modeOf('old'), await modeOf('old/a'), await modeOf('old/a/b')]).toEqual([0o700, 0o755, 0o755]);
  expect(await makeDirectory(join(base, 'old'), 0o755)).toBe(false);
  expect(await modeOf('old')).toBe(0o700);
});
