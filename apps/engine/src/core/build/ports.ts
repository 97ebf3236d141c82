/**
 * Files of a build: the context it was sent, images and stages it copies from,
 * downloads, and the roots it writes into. Paths inside them are latin1
 * strings, one character per byte; every path is resolved below its tree, links
 * included, so that none leads to the host.
 */
export type Owner = { uid: number; gid: number };

/** Something to copy from. */
export type Tree = {
  /** Directory on the host; empty for an image, which is mounted only when somebody looks. */
  root: string;
  /** An image's id. */
  identity?: string;
};

export type ScanRequest = {
  /** Below the root, without a leading slash; a pattern as of filepath.Match when `wildcards`. */
  path: string;
  wildcards: boolean;
  /** Patterns as in .dockerignore. */
  excludes: readonly string[];
  /** Owners are part of the content: they will be kept. */
  owners: boolean;
};

export type Match = {
  /** As found. */
  path: string;
  /** What it is called in a directory; default: the last part of its path. */
  name?: string;
  kind: 'file' | 'directory' | 'other';
  /** Digest over names, kinds, modes and bytes; not over times. */
  hash: string;
};

export type CopyRequest = {
  from: Tree;
  items: readonly Match[];
  /** Absolute path in the root written to; ends in a slash when it must be a directory. */
  target: string;
  /** Given to all that is made; without it owners are those of the source. */
  owner?: Owner;
  /** What archives hold keeps its owners. */
  keepArchiveOwners?: boolean;
  /** Of files and directories copied. */
  mode?: number;
  excludes: readonly string[];
  /** Local archives are unpacked. */
  extract: boolean;
};

/** A root that can be written to, and becomes a layer. */
export interface BuildRoot {
  /** Errors: `invalid_argument`. */
  copy(request: CopyRequest, options: { signal: AbortSignal }): Promise<void>;
  /** False when there is such a directory. Errors: `invalid_argument` for a file in the way. */
  makeDirectory(path: string): Promise<boolean>;
  /** `user`, `uid:gid`, by the root's own /etc/passwd. Errors: `invalid_argument`. */
  owner(spec: string): Owner;
  /** What was written, as a layer's tar. `latest`: no time in it is later; seconds. */
  layer(options: { signal: AbortSignal; latest?: number }): AsyncIterable<Uint8Array>;
  /** The files become the unpacked layer; nothing can be written any more. */
  adopt(layer: { chainId: string; diffId: string }): Promise<void>;
  /** Idempotent. */
  discard(): Promise<void>;
}

/** Everything one build has on disk; gone with `close`. */
export interface BuildRoom {
  readonly context: Tree;
  /** Unpacks the context: tar, plain or compressed. Errors: `invalid_argument`. */
  receive(source: AsyncIterable<Uint8Array>, options: { signal: AbortSignal }): Promise<void>;
  /** A context of one file. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /**
   * A regular file of the context. Null when there is none. Errors: `invalid_argument` for a FIFO, a device, or one
   * larger than `maxBytes`.
   */
  read(path: string, maxBytes: number): Promise<Buffer | null>;
  /** Takes out of the context what the lines of a .dockerignore name. Errors: `invalid_argument`. */
  exclude(lines: readonly string[]): Promise<void>;
  /** The root of an image, to read from; empty for null. */
  image(imageId: string): Promise<Tree>;
  /** A file with this content and name. */
  inline(name: string, text: string, options?: { executable: boolean }): Promise<Tree>;
  /** Errors: `invalid_argument`, `forbidden` for an address that is not to be reached. Gives the file's name and digest. */
  download(
    url: string,
    options: { signal: AbortSignal },
  ): Promise<{ tree: Tree; name: string; digest: string; isText: boolean }>;
  /** Unpacks a context that was downloaded. */
  receiveFile(tree: Tree, path: string, options: { signal: AbortSignal }): Promise<void>;
  /** As `read`, in another tree. */
  readFrom(tree: Tree, path: string, maxBytes: number): Promise<Buffer | null>;
  /** Empty when nothing matches. Errors: `invalid_argument`. */
  scan(tree: Tree, request: ScanRequest, options: { signal: AbortSignal }): Promise<Match[]>;
  /** Host path of something in a tree, links resolved. Undefined when there is none. */
  locate(tree: Tree, path: string): Promise<string | undefined>;
  /** A new writable root over an image. */
  writable(imageId: string): Promise<BuildRoot>;
  /** What a stopped container has written, as a layer's tar; `stubs` (without leading slash) left out where empty. */
  containerLayer(
    container: { id: string; imageId: string },
    options: { signal: AbortSignal; latest?: number; stubs: readonly string[] },
  ): AsyncIterable<Uint8Array>;
  /** A directory that keeps its content from build to build. */
  cacheDirectory(id: string, seed: { owner: Owner; mode: number }): Promise<string>;
  /** A container that a killed engine is to remove. */
  note(containerId: string): Promise<void>;
  close(): Promise<void>;
}

export interface BuildRooms {
  open(): Promise<BuildRoom>;
  /** At boot: removes what builds of an engine that died left behind. Gives the containers they had. */
  recover(): Promise<string[]>;
  /** Directories of `cacheDirectory` that no build uses: removes them. */
  pruneCaches(options: { until?: number }): Promise<{ ids: string[]; bytes: number }>;
  caches(): Promise<{ id: string; bytes: number; usedAt: number; inUse: boolean }[]>;
}

/** Image whose root is empty. */
export const SCRATCH = '';
