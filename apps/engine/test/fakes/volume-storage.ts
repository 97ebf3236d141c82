import type { VolumeStorage } from '#core/volumes/ports.ts';

/** Directories that are only names. */
export function fakeVolumeStorage(): VolumeStorage {
  const present = new Set<string>();
  const aside = new Set<string>();
  return {
    mountpoint: (name) => `/volumes/${name}/_data`,
    create: async (name) => !present.has(name) && Boolean(present.add(name)),
    setAside: async (name) => void (present.delete(name) && aside.add(name)),
    putBack: async (name) => void (aside.delete(name) && present.add(name)),
    removeAside: async (name) => void aside.delete(name),
    removeEmpty: async (name) => present.delete(name),
    list: async () => ({ present: [...present], aside: [...aside] }),
    mount: async () => undefined,
    unmount: async () => undefined,
    copyUp: async () => undefined,
    size: async () => 0,
  };
}
