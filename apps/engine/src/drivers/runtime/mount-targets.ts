import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether the way to a mount point leads over a symbolic link of the image. runc follows it inside the root and makes
 * what is missing; crun (1.8) refuses one whose target is missing. Below a mount that is made earlier there is nothing
 * of the image.
 */
export function leadsOverLink(rootfs: string, targets: readonly string[]): boolean {
  const plain = new Set<string>();
  const mounted = new Set<string>();
  return targets.some((target) => {
    let path = '';
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      path = join(path, part);
      if (mounted.has(path)) break;
      if (plain.has(path)) continue;
      const found = lstatSync(join(rootfs, path), { throwIfNoEntry: false });
      if (!found) break;
      if (found.isSymbolicLink()) return true;
      if (!found.isDirectory()) break;
      plain.add(path);
    }
    mounted.add(path);
    return false;
  });
}
