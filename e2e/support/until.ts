import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a fact; fails with its name when it does not come true in time. */
export async function until(
  fact: () => Promise<boolean> | boolean,
  name: string,
  milliseconds = 15_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  let last: unknown;
  while (Date.now() < end) {
    try {
      if (await fact()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await pause(50);
  }
  throw new Error(`waited ${milliseconds} ms for: ${name}`, { cause: last });
}
