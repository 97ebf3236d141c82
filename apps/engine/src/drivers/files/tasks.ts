import type { FilesRoot, PathChange, PathStat, WritableLayer, WriteOptions } from '#core/containers/archive-ports.ts';

/** What the thread is asked for, and what it answers; all messages carry the number of their task. */
export type FilesTask =
  | { kind: 'stat'; root: FilesRoot; path: string }
  | { kind: 'read'; root: FilesRoot; path: string }
  | { kind: 'write'; root: FilesRoot; path: string; options: WriteOptions }
  | { kind: 'export'; root: FilesRoot }
  | { kind: 'changes'; layer: WritableLayer }
  | { kind: 'layer'; layer: WritableLayer; isStill: boolean };

/** Memory that is handed over and back. */
export type Block = Uint8Array<ArrayBuffer>;

export type ToThread =
  | { kind: 'start'; id: number; task: FilesTask; scratch: string }
  /** One more block may be sent. */
  | { kind: 'credit'; id: number }
  /** The first `size` bytes of a block; it comes back when they are taken. Null is the end. */
  | { kind: 'input'; id: number; block: Block | null; size: number }
  | { kind: 'cancel'; id: number };

export type FilesFailure = {
  /** `path`: the path that was asked for; `archive`: the archive's fault; `gone`: the process has ended. */
  cause: 'path' | 'archive' | 'gone' | 'readonly' | 'cancelled' | 'other';
  /** Errno name. */
  code: string;
  message: string;
};

export type FromThread =
  /** What was asked for is held; blocks may follow. */
  | { kind: 'ready'; id: number; value?: PathStat }
  | { kind: 'block'; id: number; data: Uint8Array }
  /** An input block was taken. */
  | { kind: 'used'; id: number; block: Block }
  | { kind: 'done'; id: number; value?: PathStat | PathChange[] }
  | { kind: 'failed'; id: number; failure: FilesFailure };

/** Blocks on the way out: enough that neither side waits for the other's turn. */
export const WINDOW = 4;
