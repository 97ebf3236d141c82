import { errnoError, lastErrno, libc } from './libc.ts';

const PR_SET_DUMPABLE = 4;

/**
 * The kernel writes no core of this process, whose memory holds keys and
 * passwords, and only who may trace any process may read it. Programs started
 * from here are what they were: execve(2) resets it, and limits stay as they are.
 */
export function forbidCoreDumps(): void {
  if (libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) throw errnoError('switch core dumps off', lastErrno());
}
