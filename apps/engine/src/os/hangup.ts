import koffi from 'koffi';

const poll = koffi.load('libc.so.6').func('int poll(void *fds, unsigned long count, int timeout)');
/** poll(2) */
const POLLERR = 0x008;
const POLLHUP = 0x010;
const POLLNVAL = 0x020;

/**
 * Whether the other side of a connected socket is gone altogether, and has not merely ended its direction: on a local
 * socket the kernel tells the two apart, on TCP only once something was sent. A descriptor that is no more is gone too.
 */
export function isHungUp(fd: number): boolean {
  if (fd < 0) return true;
  // struct pollfd { int fd; short events; short revents; }
  const entry = Buffer.alloc(8);
  entry.writeInt32LE(fd, 0);
  if (poll(entry, 1, 0) <= 0) return false;
  return (entry.readInt16LE(6) & (POLLERR | POLLHUP | POLLNVAL)) !== 0;
}
