import type { ContainerRecord } from '#core/containers/types.ts';
import type { VolumeRecord } from './types.ts';

/**
 * Where the bytes of volumes are. Implemented by drivers/volume over
 * directories and mount(8), and by a fake in tests. Names are checked by core
 * before they get here: each is one path segment.
 */
export interface VolumeStorage {
  /** Path of the volume's directory, whether it exists or not. */
  mountpoint(name: string): string;
  /** Makes the directory, durably; false when it was there. */
  create(name: string): Promise<boolean>;
  /** Renames the directory to where nobody looks; the first half of removal. Idempotent. */
  setAside(name: string): Promise<void>;
  /** Undoes `setAside`. */
  putBack(name: string): Promise<void>;
  /** Deletes what was set aside, with all it holds. Idempotent. */
  removeAside(name: string): Promise<void>;
  /** Removes the directory if it holds nothing; false when it holds something and is left as it is. */
  removeEmpty(name: string): Promise<boolean>;
  /** Names of the directories there are, and of those set aside. */
  list(): Promise<{ present: string[]; aside: string[] }>;
  /** Mounts what the options say on the directory, unless something is. */
  mount(name: string, options: Readonly<Record<string, string>>): Promise<void>;
  /** Idempotent. */
  unmount(name: string): Promise<void>;
  /**
   * Copies `path` beneath `root` into the directory if that is empty, with owners, modes, times, attributes and hard
   * links; the directory itself takes over those of `path`. Nothing happens when `path` is not a directory. On failure
   * the directory is empty again.
   */
  copyUp(name: string, root: string, path: string): Promise<void>;
  /** Bytes on disk. */
  size(name: string): Promise<number>;
}

/** What should be. Every method is one transaction and carries the request's audit row. */
export interface VolumeStore {
  load(): Promise<VolumeRecord[]>;
  insert(record: VolumeRecord): Promise<void>;
  update(record: VolumeRecord): Promise<void>;
  /** By name. */
  delete(name: string): Promise<void>;
}

/** What volumes ask of containers: who has a volume is in their records. */
export interface VolumeUsers {
  /** Ids of containers that mount it: running, stopped, and in the making. */
  usingVolume(name: string): string[];
  get(id: string): ContainerRecord | undefined;
}
