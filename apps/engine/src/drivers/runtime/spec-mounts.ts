import { release } from 'node:os';
import type { HostConfig } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { Mount } from '#core/mount.ts';
import type { OciMount } from './oci.ts';

/** The mounts of every container, then those asked for, in their order. */

const bind = (path: string): OciMount => ({
  destination: path,
  type: 'bind',
  source: path,
  options: ['rbind', 'nosuid', 'noexec', 'nodev', 'rprivate', 'rw'],
});

function defaults(host: HostConfig): OciMount[] {
  const system = host.Privileged ? 'rw' : 'ro';
  const mounts: OciMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', system] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [system, 'nosuid', 'noexec', 'nodev', 'relatime'],
    },
  ];
  // Of whatever IPC namespace the container is in, the host's included.
  mounts.push({ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] });
  if (host.IpcMode === 'host') return [...mounts, bind('/dev/shm')];
  if (host.IpcMode === 'none') return mounts;
  mounts.push({
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${host.ShmSize > 0 ? host.ShmSize : 64 * 1024 * 1024}`],
  });
  return mounts;
}

const clean = (path: string): string =>
  `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;

/** mount_setattr(2), which makes a whole tree of mounts read-only, is there since Linux 5.12. */
function recursiveReadOnly({ target, options }: Mount, kernel: string): string[] {
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  if (!options.includes('rro') || major > 5 || (major === 5 && minor >= 12)) return [...options];
  if (options.includes('ro')) return options.filter((option) => option !== 'rro');
  throw new EngineError('invalid_argument', `this kernel cannot make all mounts below ${target} read-only`);
}

/** A mount of the user takes the place of a default one, and, over /dev, of all below it. */
export function specMounts(
  host: HostConfig,
  wanted: readonly Mount[],
  init: string | undefined,
  kernel = release(),
): OciMount[] {
  const targets = new Set(wanted.map((mount) => clean(mount.target)));
  const kept = defaults(host).filter(
    ({ destination }) => !targets.has(destination) && !(targets.has('/dev') && destination.startsWith('/dev/')),
  );
  const mounts = wanted.map((mount) => ({
    destination: mount.target,
    type: mount.type,
    source: mount.source,
    options: recursiveReadOnly(mount, kernel),
  }));
  if (init) {
    mounts.push({ destination: '/sbin/docker-init', type: 'bind', source: init, options: ['bind', 'ro', 'rprivate'] });
  }
  return [...kept, ...mounts];
}

/** Mounts that are to pass between host and container need a root that lets them. */
export function rootfsPropagation(mounts: readonly OciMount[]): string {
  const options = new Set(mounts.flatMap((mount) => mount.options));
  if (options.has('shared') || options.has('rshared')) return 'shared';
  if (options.has('slave') || options.has('rslave')) return 'rslave';
  return 'rprivate';
}
