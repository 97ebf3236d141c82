import type { ContainerConfig } from '#core/containers/types.ts';

/** The `config` part of an image: what a container inherits. */
export type ImageConfig = Partial<
  Pick<
    ContainerConfig,
    | 'User'
    | 'ExposedPorts'
    | 'Env'
    | 'Entrypoint'
    | 'Cmd'
    | 'Volumes'
    | 'WorkingDir'
    | 'Labels'
    | 'StopSignal'
    | 'Healthcheck'
    | 'OnBuild'
    | 'Shell'
    | 'ArgsEscaped'
  >
>;

export type ImageHistory = {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
};

/** An image in the store. Immutable: changing a tag changes names, never this. */
export type ImageRecord = {
  /** `sha256:…` of the config blob: Docker's image id. */
  id: string;
  config: ImageConfig;
  architecture: string;
  variant?: string;
  os: string;
  created: string;
  author: string;
  comment: string;
  dockerVersion: string;
  diffIds: string[];
  history: ImageHistory[];
  /** Chain id of each prefix of the layers, oldest first; names the unpacked layer on disk. */
  chainIds: string[];
  /** Bytes of all layers unpacked. */
  size: number;
  /** Manifest digests by repository: `docker.io/library/redis@sha256:…`. */
  repoDigests: string[];
  /** Fully qualified: `docker.io/library/redis:latest`. */
  repoTags: string[];
  /** Compressed blobs of the layers, oldest first, as pulled; for push and save. */
  layers: { digest: string; size: number; mediaType: string }[];
  manifestDigest: string;
  lastTagTime: string;
  /** Image that this one was made of by a build's step or a commit; empty for the rest. */
  parent: string;
  /** Digest over what a build's step depends on: the same step on the same image gives this image again. */
  buildKey?: string;
};

/** What containers need from images, so that the two nouns meet in one place. */
export interface ImageLookup {
  /** By name, tag, digest, full or short id. Throws not_found with Docker's words (`No such image: x`). */
  resolve(reference: string): Promise<ImageRecord>;
  byId(id: string): ImageRecord | undefined;
  /** Name to show for an id: its first tag in familiar form, or the id. */
  familiarName(id: string): string;
}
