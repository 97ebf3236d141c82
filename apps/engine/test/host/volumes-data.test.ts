import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { VolumeRecord } from '#core/volumes/types.ts';
import { createVolumes, type Volumes } from '#core/volumes/volumes.ts';
import { createVolumeStorage } from '#drivers/volume/storage.ts';
import { memoryStore } from '../fakes/memory-store.ts';

let root: string;
let store: ReturnType<typeof memoryStore<VolumeRecord>>;
let volumes: Volumes;
let events: string[];
let warnings: string[];

async function start(): Promise<Volumes> {
  return createVolumes({
    storage: createVolumeStorage({ directory: join(root, 'volumes') }),
    store,
    events: {
      publish: (event) => {
        events.push(`${event.action} ${event.id}`);
        return { type: event.type, action: event.action, actor: event, timeNano: 0n };
      },
    },
    users: () => ({ usingVolume: () => [], get: () => undefined }),
    now: () => new Date().toISOString(),
    warn: (message) => void warnings.push(message),
  });
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gantry-volumes-'));
  store = memoryStore<VolumeRecord>('name');
  events = [];
  warnings = [];
  volumes = await start();
});
afterEach(() => {
  spawnSync('umount', ['-q', join(root, 'volumes/opts/_data')]);
  rmSync(root, { recursive: true, force: true });
});

const create = (name: string, options: Record<string, string> = {}) =>
  volumes.create({ name, driver: 'local', labels: {}, options });

it('a new volume takes what the image has at its place: owner, modes, links, and nothing from elsewhere', async () => {
  const image = join(root, 'image');
  mkdirSync(join(image, 'data/sub'), { recursive: true });
  writeFileSync(join(image, 'data/file'), 'content');
  spawnSync('chmod', ['640', join(image, 'data/file')]);
  linkSync(join(image, 'data/file'), join(image, 'data/sub/hard'));
  symlinkSync('/etc/passwd', join(image, 'data/link'));
  chownSync(join(image, 'data/file'), 1234, 5678);
  chownSync(join(image, 'data'), 33, 44);
  spawnSync('chmod', ['1770', join(image, 'data')]);
  const { mountpoint } = await create('copied');
  await volumes.copyUp('copied', image, '/data');
  const file = statSync(join(mountpoint, 'file'));
  expect([file.uid, file.gid, file.mode & 0o7777, file.nlink]).toEqual([1234, 5678, 0o640, 2]);
  expect(statSync(join(mountpoint, 'sub/hard')).ino).toBe(file.ino);
  const own = statSync(mountpoint);
  expect([own.uid, own.gid, own.mode & 0o7777]).toEqual([33, 44, 0o1770]);
  expect(readdirSync(mountpoint).sort()).toEqual(['file', 'link', 'sub']);

  // A second time nothing changes: it is not empty any more.
  writeFileSync(join(image, 'data/late'), '');
  await volumes.copyUp('copied', image, '/data');
  expect(existsSync(join(mountpoint, 'late'))).toBe(false);
});

it('a link in the image leads no further than the image', async () => {
  const image = join(root, 'image');
  mkdirSync(join(image, 'etc'), { recursive: true });
  writeFileSync(join(image, 'etc/inside'), '');
  mkdirSync(join(root, 'outside'));
  writeFileSync(join(root, 'outside/secret'), '');
  symlinkSync('/etc', join(image, 'absolute'));
  symlinkSync('../../../outside', join(image, 'climbing'));
  symlinkSync(join(root, 'outside'), join(image, 'straight'));
  const { mountpoint } = await create('absolute');
  await volumes.copyUp('absolute', image, '/absolute');
  expect(readdirSync(mountpoint)).toEqual(['inside']);
  for (const path of ['/climbing', '/straight', '/../outside', '/etc/inside', '/missing']) {
    const { name, mountpoint: empty } = await create('');
    await volumes.copyUp(name, image, path);
    expect(readdirSync(empty)).toEqual([]);
  }
});

it('options are mounted while a container holds the volume', async () => {
  const { mountpoint } = await create('opts', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' });
  const mounted = () => readFileSync('/proc/mounts', 'utf8').includes(` ${mountpoint} tmpfs `);
  expect(mounted()).toBe(false);
  await volumes.acquire('opts', 'one');
  await volumes.acquire('opts', 'two');
  expect(mounted()).toBe(true);
  await expect(volumes.remove('opts')).rejects.toThrow('remove opts: volume is in use - [one, two]');
  await volumes.release('opts', 'one');
  expect(mounted()).toBe(true);
  await volumes.release('opts', 'two');
  expect(mounted()).toBe(false);
  await volumes.remove('opts');
  expect(existsSync(mountpoint)).toBe(false);
  expect(events).toEqual(['create opts', 'mount opts', 'mount opts', 'unmount opts', 'unmount opts', 'destroy opts']);
});

it('what cannot be mounted says why and leaves nothing mounted', async () => {
  await create('opts', { type: 'none', device: join(root, 'nosuch'), o: 'bind' });
  await expect(volumes.acquire('opts', 'one')).rejects.toThrow(/failed to mount local volume opts/);
  await volumes.remove('opts');
});

it('a removal that a crash interrupted is completed or undone at the next start, by what the records say', async () => {
  const kept = await create('kept');
  writeFileSync(join(kept.mountpoint, 'file'), 'kept');
  const storage = createVolumeStorage({ directory: join(root, 'volumes') });
  await storage.setAside('kept');
  await create('gone');
  await storage.setAside('gone');
  store.rows.delete('gone');
  for (const name of ['unknown', 'begun']) mkdirSync(join(root, 'volumes', name, '_data'), { recursive: true });
  writeFileSync(join(root, 'volumes/unknown/_data/file'), 'somebody’s');
  volumes = await start();
  expect(readFileSync(join(kept.mountpoint, 'file'), 'utf8')).toBe('kept');
  expect(readdirSync(join(root, 'volumes')).sort()).toEqual(['kept', 'unknown']);
  expect(warnings.join()).toContain('"unknown" belongs to no volume');
});

it('a volume whose row could not be written is not there', async () => {
  store.insert = async () => {
    throw new Error('disk full');
  };
  await expect(create('failed')).rejects.toThrow('disk full');
  expect(volumes.get('failed')).toBeUndefined();
  expect(readdirSync(join(root, 'volumes'))).toEqual([]);
});

it('prune takes what matches and is unused, and says how much that frees', async () => {
  const { mountpoint } = await create('big');
  writeFileSync(join(mountpoint, 'file'), Buffer.alloc(1 << 20, 1));
  await create('held');
  await volumes.acquire('held', 'one');
  const { deleted, reclaimed } = await volumes.prune(() => true);
  expect(deleted).toEqual(['big']);
  expect(reclaimed).toBeGreaterThanOrEqual(1 << 20);
  expect(volumes.list().map((it) => it.name)).toEqual(['held']);
});
