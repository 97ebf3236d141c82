import { chmod, mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * `mkdir -p` whose new directories have exactly this mode: the engine's mask
 * would take what others need away. What exists keeps its mode. False when
 * there was nothing to make.
 */
export async function makeDirectory(directory: string, mode: number): Promise<boolean> {
  const path = resolve(directory);
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return false;
  for (let each = path; ; each = dirname(each)) {
    await chmod(each, mode);
    if (each === first || each === dirname(each)) return true;
  }
}
