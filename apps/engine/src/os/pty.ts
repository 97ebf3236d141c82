import { closeSync, constants, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { errnoError, lastErrno, libc } from './libc.ts';
import { windowSize } from './terminal-size.ts';

/**
 * A pseudo-terminal, pty(7): the master as a stream, the slave as a descriptor
 * to be a program's stdio. In raw mode from its first moment, because the
 * terminal that echoes and edits is the one inside the container.
 */

const TIOCSWINSZ = 0x5414;
const TIOCGPTPEER = 0x5441;
const TIOCSPTLCK = 0x40045431;
const O_CLOEXEC = 0o2000000;
const TCSANOW = 0;
/** Larger than struct termios on any architecture. */
const TERMIOS_SIZE = 128;

export type Size = { rows: number; columns: number };

export type Pty = {
  /** Reads what the program prints and writes what it reads. Ends with EIO, which is its end of file. */
  readonly master: ReadStream;
  /** To be closed by `closeSlave` as soon as the program has it. */
  readonly slave: number;
  closeSlave(): void;
  resize(size: Size): void;
};

function setSize(fd: number, size: Size): void {
  libc.ioctl(fd, TIOCSWINSZ, 'void *', windowSize(size));
}

function setRaw(fd: number): void {
  const termios = Buffer.alloc(TERMIOS_SIZE);
  if (libc.tcgetattr(fd, termios) !== 0) throw errnoError('read the mode of a terminal', lastErrno());
  libc.cfmakeraw(termios);
  if (libc.tcsetattr(fd, TCSANOW, termios) !== 0) throw errnoError('set the mode of a terminal', lastErrno());
}

/** Errors: `internal` or `unavailable` when the host has no more terminals. */
export function openPty(size?: Size): Pty {
  const fd = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  let slave = -1;
  try {
    if (libc.ioctl(fd, TIOCSPTLCK, 'void *', Buffer.alloc(4)) !== 0) throw errnoError('unlock a terminal', lastErrno());
    slave = libc.ioctl(fd, TIOCGPTPEER, 'int', constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC);
    if (slave < 0) throw errnoError('open a terminal', lastErrno());
    setRaw(slave);
    if (size) setSize(fd, size);
  } catch (error) {
    if (slave >= 0) closeSync(slave);
    closeSync(fd);
    throw error;
  }
  const master = new ReadStream(fd);
  let open = true;
  return {
    master,
    slave,
    closeSlave() {
      if (open) closeSync(slave);
      open = false;
    },
    resize(wanted) {
      if (!master.destroyed) setSize(fd, wanted);
    },
  };
}
