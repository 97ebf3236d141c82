import { lstatSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether the way to a mount point leads over a symbolic link of the image. runc follows it inside the root and makes
 * what is missing; crun (1.8) refuses one whose target is missing.
 */
export function leadsOverLink(rootfs: string, targets: readonly string[]): boolean {
  return targets.some((target) => {
    let path = rootfs;
    for (const part of target.split('/')) {
      if (part === '' || part === '.') continue;
      path = join(path, part);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (!found) return false;
      if (found.isSymbolicLink()) return true;
      if (!found.isDirectory()) return false;
    }
    return false;
  });
}
