import { createHash, type Hash } from 'node:crypto';

/** `sha256:` and 64 lower-case hexadecimal digits: the only form the engine stores and accepts for content. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => DIGEST.test(text);

export const hexOf = (digest: string): string => digest.slice(digest.indexOf(':') + 1);

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A running sha256 over a stream. */
export function createDigester(): { update(chunk: Uint8Array): void; digest(): Digest } {
  const hash: Hash = createHash('sha256');
  return {
    update(chunk) {
      hash.update(chunk);
    },
    digest: () => `sha256:${hash.digest('hex')}`,
  };
}

/**
 * Chain ids of the layers, lowest first: the identity of a layer together with
 * everything below it. OCI image spec, "Layer ChainID".
 */
export function chainIdsOf(diffIds: readonly string[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const parent = chain.at(-1);
    chain.push(parent === undefined ? (diffId as Digest) : digestOf(`${parent} ${diffId}`));
  }
  return chain;
}
