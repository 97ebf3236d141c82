import { mkdir } from 'node:fs/promises';
import type { HostMounts } from '#core/containers/ports.ts';
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
    async unmount(target) {
      await unmount(target);
    },
  };
}
