import { closeSync } from 'node:fs';
import type { FilesRoot, WritableLayer } from '#core/containers/archive-ports.ts';
import { openPlace } from '#os/beneath.ts';
import { assembleRoot, type OwnRoot } from '#os/own-mounts.ts';
import { procStat } from '#os/proc.ts';

/** The process whose root was to be looked into is no more. */
export class ProcessGone extends Error {}

/** Opens a root as a place. For the worker thread. */
export function openRoot(root: FilesRoot, scratch: string): OwnRoot {
  if (root.kind === 'directory') return plain(openPlace(root.path));
  if (root.kind === 'process') return plain(openProcessRoot(root));
  const { rootfs, scratch: scratchUpper, readOnly, binds } = root;
  return assembleRoot({ scratch, rootfs, scratchUpper, binds, ...(readOnly && { readOnly }) });
}

/** What a writable layer lies over: a directory as it is, or several layers put together. */
export function openLower({ lower }: WritableLayer, scratch: string): OwnRoot {
  if (lower.type === 'bind') return plain(openPlace(lower.source));
  return assembleRoot({ scratch, rootfs: lower, scratchUpper: false, binds: [] });
}

const plain = (root: number): OwnRoot => ({ root, close: () => closeSync(root) });

function openProcessRoot({ pid, pidStartTime }: Extract<FilesRoot, { kind: 'process' }>): number {
  let root: number;
  try {
    root = openPlace(`/proc/${pid}/root`);
  } catch (cause) {
    throw new ProcessGone('the process has ended', { cause });
  }
  // Opened first: if it is the right process now, it was then.
  if (procStat(pid)?.startTime === pidStartTime) return root;
  closeSync(root);
  throw new ProcessGone('the process has ended');
}
