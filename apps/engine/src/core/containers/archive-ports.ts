import type { Readable } from 'node:stream';
import type { Mount } from '#core/mount.ts';

/**
 * A container's files as one root. Whatever is in there, names are resolved
 * below it at every step (openat2), also while a process turns links; nothing
 * of the container is ever executed or loaded. Implemented by drivers/files.
 *
 * Paths are bytes as latin1 text, one character per byte.
 */
export type FilesRoot =
  /** What the container's first process sees, mounts included. */
  | { kind: 'process'; pid: number; pidStartTime: number }
  /** A directory of the host, without what is mounted below it. */
  | { kind: 'directory'; path: string }
  /** Assembled where nobody else sees it, for as long as the work takes. */
  | {
      kind: 'mounts';
      rootfs: Omit<Mount, 'target'>;
      /** Mount points that are missing are made in memory, not in the writable layer. */
      scratch: boolean;
      /** The root itself takes no writes; what is bound in has its own say. */
      readOnly?: boolean;
      /** Those whose source is missing are left out. */
      binds: { source: string; target: string; recursive: boolean; readOnly: boolean }[];
    };

export type PathStat = {
  name: string;
  size: number;
  /** st_mode, with the file type. */
  mode: number;
  /** Milliseconds since the epoch. */
  mtimeMs: number;
  /** Absolute path where a link leads. */
  linkTarget: string;
};

export type PathChange = { path: string; kind: 'modified' | 'added' | 'deleted' };

export type WriteOptions = {
  /** A directory is not replaced by something else, nor the other way round. */
  keepKinds: boolean;
  /** `name`, `uid`, `name:group`: whom everything is given to, by the container's own passwd; default: the archive's owners. */
  owner?: string;
};

export type WritableLayer = {
  /** Directory with the changes, in overlayfs's form. */
  upper: string;
  /** What it lies over. */
  lower: Omit<Mount, 'target'>;
};

/**
 * Errors: `not_found` with `details.missing` for a path that is not there,
 * `invalid_argument` for what the archive or the path makes impossible,
 * `forbidden` for a read-only place, `cancelled`, `internal` for the disk.
 */
export interface ContainerFiles {
  stat(root: FilesRoot, path: string): Promise<PathStat>;
  /** Resolves when the path is held; what happens to the container afterwards does not end the stream. */
  read(root: FilesRoot, path: string, options: { signal: AbortSignal }): Promise<{ stat: PathStat; body: Readable }>;
  /** Unpacks a tar archive, plain or compressed, into an existing directory. */
  write(
    root: FilesRoot,
    path: string,
    archive: AsyncIterable<Uint8Array>,
    options: WriteOptions & { signal: AbortSignal },
  ): Promise<void>;
  /** The whole root as tar. Resolves when it is held. */
  export(root: FilesRoot, options: { signal: AbortSignal }): Promise<Readable>;
  changes(layer: WritableLayer): Promise<PathChange[]>;
  /** The writable layer as tar, by the OCI image spec. `isStill`: no process changes it. Resolves when it is held. */
  layer(layer: WritableLayer, options: { isStill: boolean; signal: AbortSignal }): Promise<Readable>;
}
