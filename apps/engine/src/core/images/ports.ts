import type { Readable } from 'node:stream';
import type { Reference } from '#lib/reference.ts';
import type { ImageRecord } from './types.ts';

/** What should be. Every method is one transaction and carries the request's audit row. */
export interface ImageStore {
  load(): Promise<ImageRecord[]>;
  insert(record: ImageRecord): Promise<void>;
  update(record: ImageRecord): Promise<void>;
  delete(id: string): Promise<void>;
}

/**
 * Content-addressed blobs: configs, manifests, layers. The life of a blob:
 * `stage` writes a temporary file and learns its digest; `commit` makes it
 * durable and visible under that digest; `discard` forgets it. Nothing is ever
 * visible whose bytes do not have the digest it is named by.
 */
export interface ContentStore {
  /**
   * Reads the source to its end. Errors: `too_large` beyond `maxSize`, `internal` for a full disk; those of the
   * source pass through. Nothing is left behind on an error.
   */
  stage(source: AsyncIterable<Uint8Array>, options?: StageOptions): Promise<StagedBlob>;
  /** Size in bytes; undefined when there is no such blob. */
  size(digest: string): Promise<number | undefined>;
  /** The whole blob, for JSON. Errors: `not_found`, `too_large` beyond `maxSize` bytes. */
  read(digest: string, maxSize: number): Promise<Buffer>;
  /** Bytes from `start` (inclusive) to the end. Destroy it when not read to its end. */
  open(digest: string, options?: { start?: number }): Readable;
  /** Idempotent. */
  delete(digest: string): Promise<void>;
  list(): Promise<string[]>;
}

export type StageOptions = {
  signal?: AbortSignal;
  /** Bytes taken at most; default: no bound. */
  maxSize?: number;
  /** Called with the number of bytes written so far. */
  progress?: (bytes: number) => void;
};

export type StagedBlob = {
  readonly digest: string;
  readonly size: number;
  /** Durable and visible; idempotent. */
  commit(): Promise<void>;
  /** No effect after commit. */
  discard(): Promise<void>;
  /** The first bytes, at most `maxSize`; works before and after commit. */
  read(maxSize: number): Promise<Buffer>;
};

/**
 * Unpacked layers, each in a directory of its own, shared by everything that
 * has the same chain id. Implemented by drivers/snapshot.
 */
export interface LayerStore {
  /** Bytes of the unpacked layer's files; undefined when it is not unpacked. */
  size(chainId: string): number | undefined;
  /**
   * Unpacks a blob (tar; gzip, zstd, xz or bzip2) unless the layer is there. Never over another layer. The digest of
   * the uncompressed bytes must be `diffId`. Errors: `invalid_argument` for a hostile or damaged archive and for a
   * wrong diff id, `internal` for a full disk. A failure leaves nothing. Concurrent calls for one layer share the work.
   */
  unpack(request: UnpackRequest, options?: { signal?: AbortSignal; progress?: (bytes: number) => void }): Promise<void>;
  /** No image needs it. It goes now, or when the last container that stands on it goes. Idempotent. */
  remove(chainId: string): Promise<void>;
  list(): string[];
}

export type UnpackRequest = {
  chainId: string;
  diffId: string;
  /** Digest of the blob in the content store. */
  blob: string;
  /** The lowest layer has nothing that a whiteout could hide. */
  lowest: boolean;
};

export type RegistryAuth = {
  username?: string;
  password?: string;
  /** OAuth2 refresh token. */
  identitytoken?: string;
  /** Bearer token to send as it is. */
  registrytoken?: string;
  serveraddress?: string;
};

export type Descriptor = {
  mediaType: string;
  digest: string;
  size: number;
  platform?: { os?: string; architecture?: string; variant?: string };
  annotations?: Record<string, string>;
};

export type FetchedManifest = { digest: string; mediaType: string; bytes: Buffer };

/**
 * One repository at one registry, with credentials. All errors are EngineError
 * in Docker's words: `not_found`, `internal` (credentials missing or refused,
 * as in Docker), `forbidden`, `unavailable` (cannot be reached), `cancelled`.
 * Network errors and 5xx are retried with back-off before they are told.
 */
export interface RegistryRepository {
  /** By tag or digest; at most 4 MiB; bytes are verified against a digest. */
  manifest(tagOrDigest: string): Promise<FetchedManifest>;
  /** Exactly `descriptor.size` bytes, resumed by range after a broken connection. The caller checks the digest. */
  blob(descriptor: Descriptor): AsyncIterable<Buffer>;
  tags(): Promise<string[]>;
  hasBlob(digest: string): Promise<boolean>;
  /** Sends `open()` from its beginning; called again for a retry. */
  putBlob(
    blob: { digest: string; size: number },
    open: () => Readable,
    options?: { progress?: (bytes: number) => void },
  ): Promise<void>;
  putManifest(reference: string, mediaType: string, bytes: Buffer): Promise<string>;
}

export interface Registry {
  /** No traffic before the first method of the result is called. */
  repository(
    reference: Pick<Reference, 'domain' | 'path'>,
    options: { auth?: RegistryAuth; actions: 'pull' | 'pull,push'; signal?: AbortSignal },
  ): RegistryRepository;
  /** For `docker login`. Gives a status for people; throws `unauthenticated` when refused. */
  checkAuth(auth: RegistryAuth, options?: { signal?: AbortSignal }): Promise<{ status: string; identityToken: string }>;
}

/** Plain bytes of a stream that is plain, gzip, zstd, xz or bzip2. Throws for damaged data. */
export type Decompress = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Buffer>;
