import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { OciDevice, OciDeviceRule, OciThrottle } from './oci.ts';

/** Device nodes and who may use them. null, zero, full, random, urandom and tty are made by the runtime itself. */

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** glibc's makedev, undone; Node gives rdev as one number. */
const major = (rdev: number): number => Math.floor(rdev / 2 ** 32) * 4096 + ((rdev >>> 8) & 0xfff);
const minor = (rdev: number): number => (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);

/** Docker's list: making any node is allowed, using only these. */
const DEFAULT_RULES: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  { allow: true, type: 'c', major: 1, minor: 3, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 7, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 8, access: 'rwm' },
  { allow: true, type: 'c', major: 1, minor: 9, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 0, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' },
  { allow: true, type: 'c', major: 5, minor: 2, access: 'rwm' },
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

function node(path: string, stat: Stats): OciDevice | null {
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : null;
  if (!type) return null;
  return {
    path,
    type,
    major: major(stat.rdev),
    minor: minor(stat.rdev),
    fileMode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  ELOOP: 'too many levels of symbolic links',
  EACCES: 'permission denied',
};

/** The nodes of a directory given as `--device`, below the path in the container. */
function nodesBelow(host: string, inside: string): OciDevice[] {
  const found: OciDevice[] = [];
  for (const entry of readdirSync(host, { withFileTypes: true })) {
    if (entry.isDirectory()) found.push(...nodesBelow(join(host, entry.name), join(inside, entry.name)));
    else {
      const device = node(join(inside, entry.name), lstatSync(join(host, entry.name)));
      if (device) found.push(device);
    }
  }
  return found;
}

function custom(mapping: NonNullable<HostConfig['Devices']>[number]): OciDevice[] {
  const { PathOnHost: host } = mapping;
  const inside = mapping.PathInContainer || host;
  const fail = (reason: string): EngineError =>
    invalid(`error gathering device information while adding custom device "${host}": ${reason}`);
  let stat: Stats;
  try {
    stat = statSync(host);
  } catch (error) {
    throw fail(REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'cannot be read');
  }
  if (!inside.startsWith('/')) throw invalid(`invalid device path in the container: ${inside}`);
  const devices = stat.isDirectory() ? nodesBelow(host, inside) : [node(inside, stat)].filter((each) => each !== null);
  if (devices.length === 0) throw fail('not a device node');
  return devices;
}

/** Directories of /dev that are filesystems of their own, per container. */
const NOT_DEVICES = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', '.lxc', '.lxd-mounts', '.udev']);

/** Every device of the host, for privileged containers. */
function hostDevices(directory = '/dev'): OciDevice[] {
  const found: OciDevice[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (directory === '/dev' && NOT_DEVICES.has(entry.name)) continue;
    const path = join(directory, entry.name);
    try {
      if (entry.isDirectory()) found.push(...hostDevices(path));
      else {
        const device = node(path, lstatSync(path));
        if (device) found.push(device);
      }
    } catch {
      // A device was unplugged while we looked.
    }
  }
  return found;
}

const RULE = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

export function parseDeviceRule(text: string): OciDeviceRule {
  const match = RULE.exec(text);
  if (!match) throw invalid(`invalid device cgroup rule format: '${text}'`);
  const [, type, majorText, minorText, access] = match;
  return {
    allow: true,
    type,
    ...(majorText === '*' ? {} : { major: Number(majorText) }),
    ...(minorText === '*' ? {} : { minor: Number(minorText) }),
    access: access!,
  };
}

/** Device nodes and cgroup rules of a container. Errors: `invalid_argument` in Docker's words. */
export function devicesOf(host: HostConfig): { devices: OciDevice[]; rules: OciDeviceRule[] } {
  const devices = host.Privileged ? hostDevices() : [];
  const rules: OciDeviceRule[] = host.Privileged ? [{ allow: true, access: 'rwm' }] : [...DEFAULT_RULES];
  for (const mapping of host.Devices ?? []) {
    const access = mapping.CgroupPermissions || 'rwm';
    if (!/^[rwm]{1,3}$/.test(access)) throw invalid(`invalid device mode: ${access}`);
    for (const device of custom(mapping)) {
      const same = devices.findIndex((each) => each.path === device.path);
      if (same >= 0) devices.splice(same, 1);
      devices.push(device);
      rules.push({ allow: true, type: device.type, major: device.major, minor: device.minor, access });
    }
  }
  for (const text of host.DeviceCgroupRules ?? []) rules.push(parseDeviceRule(text));
  return { devices, rules };
}

/** `--device-read-bps` and its kin name a device by path. */
export function throttles(list: HostConfig['BlkioDeviceReadBps']): OciThrottle[] | undefined {
  if (!list?.length) return undefined;
  return list.map(({ Path, Rate }) => ({ ...blockDevice(Path), rate: Rate }));
}

export function blockDevice(path: string): { major: number; minor: number } {
  let stat: Stats;
  try {
    stat = statSync(path);
  } catch (error) {
    throw invalid(`stat ${path}: ${REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'cannot be read'}`);
  }
  return { major: major(stat.rdev), minor: minor(stat.rdev) };
}
