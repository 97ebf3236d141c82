import { closeSync, lstatSync } from 'node:fs';
import { fdPath, openPlace, openSubdirectory } from '#os/beneath.ts';
import { lgetxattr } from '#os/inode.ts';
import { createPacker, latin1, namesIn, type Packer } from '#os/tree-pack.ts';

/**
 * All of an upper directory as a layer's tar, in the order of its bytes. Unlike
 * what a container leaves behind, everything in it was meant: mount points and
 * empty directories, too.
 */
export function* packUpper(upper: string): Generator<Buffer, void> {
  const packer = createPacker({ isStill: true });
  const root = openPlace(upper);
  try {
    yield* level(packer, root, '');
  } finally {
    closeSync(root);
  }
  yield* packer.finish();
}

function* level(packer: Packer, directory: number, prefix: string): Generator<Buffer, void> {
  for (const name of namesIn(directory)) {
    const path = prefix + latin1(name);
    const stat = lstatSync(fdPath(directory, name));
    if (stat.isCharacterDevice() && stat.rdev === 0) yield* packer.mark(`${prefix}.wh.${latin1(name)}`);
    else if (!stat.isDirectory()) yield* packer.entry(directory, name, path);
    else {
      const own = openSubdirectory(directory, name);
      try {
        yield* packer.directory(own, path);
        const isOpaque = lgetxattr(fdPath(own, Buffer.from('.')), 'trusted.overlay.opaque')?.toString('latin1') === 'y';
        if (isOpaque) yield* packer.mark(`${path}/.wh..wh..opq`);
        yield* level(packer, own, `${path}/`);
      } finally {
        closeSync(own);
      }
    }
  }
}
