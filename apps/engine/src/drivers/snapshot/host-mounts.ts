import { closeSync, fstatSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostMounts } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { fdPath, O_PATH, openBeneath, openPlace } from '#os/beneath.ts';
import { mount, unmount } from '#os/mount.ts';

/** Mounts in the engine's own mount namespace, for the moments when core looks into a root that nothing runs on. */
export function createHostMounts(): HostMounts {
  return {
    async mount(mounts) {
      const done: string[] = [];
      try {
        for (const one of mounts) {
          await mkdir(one.target, { recursive: true });
          mount(one);
          done.push(one.target);
        }
      } catch (error) {
        for (const target of done.reverse()) await unmount(target);
        throw error;
      }
    },
    async bindBeneath(root, path, target) {
      const held = hold(root, path);
      try {
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        if (fstatSync(held).isDirectory()) await mkdir(target, { recursive: true });
        else await writeFile(target, '');
        // The descriptor is the place itself: nothing can be put in its way any more.
        mount({ type: 'bind', source: fdPath(held).toString(), target, options: ['rbind', 'rprivate'] });
      } finally {
        closeSync(held);
      }
    },
    async unmount(target) {
      await unmount(target);
    },
  };
}

function hold(root: string, path: string): number {
  const place = openPlace(root);
  try {
    return openBeneath(place, path, O_PATH);
  } catch (error) {
    throw new EngineError('invalid_argument', `cannot access path ${path}: no such file or directory`, {
      cause: error,
    });
  } finally {
    closeSync(place);
  }
}
