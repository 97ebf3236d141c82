import type { ContainerRootfs } from '#core/containers/ports.ts';
import type { LayerStore } from '#core/images/ports.ts';
import { createLayers, type Layers } from './layers.ts';
import { createRootfs } from './rootfs.ts';
import { createTrash } from './trash.ts';

export type Snapshots = {
  layers: LayerStore;
  rootfs: ContainerRootfs;
  /** See Layers. */
  adoptLayer: Layers['adopt'];
  /** See Trash. */
  throwAway: (path: string) => Promise<void>;
  /** Deletions that were answered are done. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/** Layers of images and writable layers of containers, below one data root. */
export async function createSnapshots(deps: {
  dataRoot: string;
  runDir: string;
  /** Path of a blob, from the content driver. */
  blobPath: (digest: string) => string;
  /** Chain ids of an image, lowest first. */
  chainsOf: (imageId: string) => readonly string[] | undefined;
  onError: (error: unknown) => void;
}): Promise<Snapshots> {
  const { dataRoot, runDir, blobPath, chainsOf, onError } = deps;
  const trash = await createTrash({ dataRoot, onError });
  // Each needs the other: a container's root its layers, a layer's removal the containers on it.
  let layers: Layers;
  const rootfs = await createRootfs({ dataRoot, runDir, chainsOf, trash, layers: () => layers });
  layers = await createLayers({ dataRoot, blobPath, trash, isInUse: rootfs.isInUse });
  return {
    layers,
    rootfs,
    adoptLayer: layers.adopt,
    throwAway: trash.throwAway,
    settled: trash.emptied,
    close: () => layers.close(),
  };
}
