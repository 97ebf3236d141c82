import type { HostConfigInput } from '#core/containers/request.ts';
import type { TransferProgress } from '#core/images/context.ts';
import type { RegistryAuth } from '#core/images/ports.ts';
import type { Reference } from '#lib/reference.ts';

/** What is to be built. Strings are as the client sent them. */
export type BuildRequest = {
  /** A tar archive, plain or compressed; or an address. */
  source: { kind: 'archive'; body: AsyncIterable<Uint8Array> } | { kind: 'remote'; url: string };
  /** Path in the context; empty for `Dockerfile`. */
  dockerfile: string;
  tags: readonly Reference[];
  /** Null: named without a value. */
  buildArgs: ReadonlyMap<string, string | null>;
  labels: ReadonlyMap<string, string>;
  target: string;
  noCache: boolean;
  /** Look for newer base images. */
  pull: boolean;
  /** Keep the containers of RUN steps. */
  keepContainers: boolean;
  platform: string;
  cacheFrom: readonly string[];
  networkMode: string;
  /** Limits, extra hosts and the like for the containers of RUN steps. */
  hostConfig: HostConfigInput;
  auth: (domain: string) => RegistryAuth | undefined;
};

/** Where a build speaks. Waits while the listener is slow. */
export type BuildOutput = {
  text(text: string): Promise<void>;
  /** What a step wrote to stderr, and warnings. */
  warning(text: string): Promise<void>;
  progress(message: TransferProgress): void;
  /** The id of a stage's image. */
  image(id: string): Promise<void>;
};
