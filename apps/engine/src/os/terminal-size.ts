import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { libc } from './libc.ts';
import type { Size } from './pty.ts';

/** ioctl_tty(2) */
const TIOCSWINSZ = 0x5414;
/** Majors of pseudo-terminals' slaves; Documentation/admin-guide/devices.txt of the kernel. */
const PTS_FIRST = 136;
const PTS_LAST = 143;

const isTerminal = ({ rdev }: { rdev: number }): boolean => {
  const major = (rdev >> 8) & 0xfff;
  return major >= PTS_FIRST && major <= PTS_LAST;
};

/** What ioctl(TIOCSWINSZ) takes: struct winsize. */
export function windowSize({ rows, columns }: Size): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(Math.min(Math.max(rows, 0), 0xffff), 0);
  size.writeUInt16LE(Math.min(Math.max(columns, 0), 0xffff), 2);
  return size;
}

/**
 * Sets the size of the terminal that a process has as one of its standard streams, and with that tells its foreground
 * group. False when it has none. The process may be anybody's: nothing but a terminal is opened.
 */
export function resizeTerminalOf(pid: number, size: Size): boolean {
  for (const stream of [0, 1, 2]) {
    const path = `/proc/${pid}/fd/${stream}`;
    let fd: number | undefined;
    try {
      if (!isTerminal(statSync(path))) continue;
      fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
      if (isTerminal(fstatSync(fd)) && libc.ioctl(fd, TIOCSWINSZ, 'void *', windowSize(size)) === 0) return true;
    } catch {
      // It ended, or closed this one.
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }
  return false;
}
