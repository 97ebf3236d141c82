import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '#lib/digest.ts';
import { readTar } from '#lib/tar.ts';
import { lgetxattr } from '#os/inode.ts';
import { runOk } from '#os/process.ts';
import { createLayerWriter } from '#os/tar.ts';
import { dockerArchive, type Entry, image, stream, tar } from './image-archives.ts';
import { createImageHost } from './image-host.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gantry-layer-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const LIMITS = { maxSize: 1024 ** 3, maxEntries: 10_000 };

async function unpack(entries: readonly Entry[], options: { lowest?: boolean; limits?: typeof LIMITS } = {}) {
  const writer = createLayerWriter(root, { lowest: options.lowest ?? false, limits: options.limits ?? LIMITS });
  for await (const item of readTar(stream(tar(entries)))) await writer.add(item);
  return writer.finish();
}

const xattr = (path: string, name: string) => lgetxattr(Buffer.from(path), name)?.toString('latin1');

describe('unpacking a layer', () => {
  test('keeps owners, modes, times, links and sizes', async () => {
    const { size } = await unpack([
      { name: './', type: 'directory', mode: 0o755 },
      { name: 'd', type: 'directory', mode: 0o1777, mtime: 1000.5 },
      { name: 'd/f', data: 'hello', mode: 0o4755, uid: 12, gid: 34, mtime: 2000 },
      { name: 'd/h', type: 'link', linkname: 'd/f' },
      { name: 'd/s', type: 'symlink', linkname: '/etc/passwd', uid: 7 },
      { name: 'd/p', type: 'fifo', mode: 0o622 },
      { name: 'd/null', type: 'char', devMajor: 1, devMinor: 3, mode: 0o666 },
      { name: 'made/on/the/way', data: '' },
    ]);
    expect(size).toBe(5);
    const file = await lstat(join(root, 'd/f'));
    expect([file.mode & 0o7777, file.uid, file.gid, file.mtimeMs, file.nlink]).toEqual([0o4755, 12, 34, 2_000_000, 2]);
    const directory = await lstat(join(root, 'd'));
    expect([directory.mode & 0o7777, directory.mtimeMs]).toEqual([0o1777, 1_000_500]);
    expect(await readlink(join(root, 'd/s'))).toBe('/etc/passwd');
    expect((await lstat(join(root, 'd/s'))).uid).toBe(7);
    expect((await lstat(join(root, 'd/p'))).isFIFO()).toBe(true);
    const device = await lstat(join(root, 'd/null'));
    expect([device.isCharacterDevice(), device.rdev, device.mode & 0o777]).toEqual([true, 0x103, 0o666]);
  });

  test('names are bytes', async () => {
    await unpack([
      { name: 'a\xff', data: '1' },
      { name: 'a\xfe', data: '2' },
    ]);
    const names = await readdir(root, { encoding: 'buffer' });
    expect(names.map((name) => name.toString('latin1')).sort()).toEqual(['a\xfe', 'a\xff']);
  });

  test('whiteouts hide lower names, whatever their order in the layer', async () => {
    await unpack([
      { name: '.wh.gone', data: '' },
      { name: '.wh.again', data: '' },
      { name: 'again', data: 'new' },
      { name: 'kept', data: 'new' },
      { name: '.wh.kept', data: '' },
      { name: 'full/x', data: '' },
      { name: '.wh.full', data: '' },
      { name: '.wh.late', data: '' },
      { name: 'late/x', data: '' },
      { name: 'opaque/.wh..wh..opq', data: '' },
      { name: 'opaque/y', data: '' },
      { name: '.wh..wh.plnk/1.2', data: 'aufs' },
    ]);
    const gone = await lstat(join(root, 'gone'));
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
    expect(await readFile(join(root, 'again'), 'utf8')).toBe('new');
    expect(await readFile(join(root, 'kept'), 'utf8')).toBe('new');
    for (const name of ['full', 'late', 'opaque']) {
      expect(xattr(join(root, name), 'trusted.overlay.opaque'), name).toBe('y');
    }
    expect((await readdir(root)).filter((name) => name.startsWith('.wh.'))).toEqual([]);
  });

  test('attributes that steer overlayfs are dropped, capabilities kept', async () => {
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    await unpack([
      {
        name: 'ping',
        data: 'x',
        xattrs: new Map([
          ['security.capability', capability],
          ['trusted.overlay.redirect', Buffer.from('/etc')],
          ['user.overlay.opaque', Buffer.from('y')],
          ['user.note', Buffer.from('kept')],
        ]),
      },
    ]);
    const kept = (name: string) => xattr(join(root, 'ping'), name);
    expect(kept('security.capability')).toBe(capability.toString('latin1'));
    expect(kept('user.note')).toBe('kept');
    expect(kept('trusted.overlay.redirect')).toBeUndefined();
    expect(kept('user.overlay.opaque')).toBeUndefined();
  });

  test('a file of zeroes takes no disk', async () => {
    await unpack([{ name: 'zero', data: Buffer.alloc(8 * 1024 * 1024) }]);
    const { size, blocks } = await stat(join(root, 'zero'));
    expect(size).toBe(8 * 1024 * 1024);
    expect(blocks).toBeLessThan(size / 512 / 50);
  });

  describe('what is hostile stays below the layer', () => {
    let outside: string;
    beforeEach(async () => {
      outside = await mkdtemp(join(tmpdir(), 'gantry-outside-'));
      await writeFile(join(outside, 'file'), 'untouched');
    });
    afterEach(() => rm(outside, { recursive: true, force: true }));

    const cases: [string, (out: string) => Entry[]][] = [
      ['..', () => [{ name: '../../../../../../tmp/escaped', data: 'x' }]],
      [
        'a link and a file behind it',
        (out) => [
          { name: 'l', type: 'symlink', linkname: out },
          { name: 'l/file', data: 'x' },
        ],
      ],
      [
        'a relative link',
        (out) => [
          { name: 'l', type: 'symlink', linkname: `../../../../../../../..${out}` },
          { name: 'l/file', data: 'x' },
        ],
      ],
      [
        'a file over a link',
        (out) => [
          { name: 'l', type: 'symlink', linkname: join(out, 'file') },
          { name: 'l', data: 'x' },
        ],
      ],
      [
        'a directory over a link',
        (out) => [
          { name: 'l', type: 'symlink', linkname: out },
          { name: 'l', type: 'directory', mode: 0 },
          { name: 'l/file', data: 'x' },
        ],
      ],
      [
        'a hard link to the host',
        (out) => [
          { name: 'h', type: 'link', linkname: join(out, 'file') },
          { name: 'h', data: 'x' },
        ],
      ],
      [
        'a hard link through a link',
        (out) => [
          { name: 'l', type: 'symlink', linkname: out },
          { name: 'h', type: 'link', linkname: 'l/file' },
        ],
      ],
      [
        'a directory replaced by a link',
        (out) => [
          { name: 'd/x', data: '' },
          { name: 'd', type: 'symlink', linkname: out },
          { name: 'd/file', data: 'x' },
        ],
      ],
      [
        'a whiteout through a link',
        (out) => [
          { name: 'l', type: 'symlink', linkname: out },
          { name: 'l/.wh.file', data: '' },
          { name: 'l/.wh..wh..opq', data: '' },
        ],
      ],
      ['whiteouts of nothing', () => [{ name: 'a/.wh..', data: '' }]],
      ['whiteouts of the parent', () => [{ name: 'a/.wh...', data: '' }]],
      ['an empty whiteout', () => [{ name: 'a/.wh.', data: '' }]],
      ['a name below a whiteout', () => [{ name: 'a/.wh.b/c', data: '' }]],
      [
        'a loop of links',
        () => [
          { name: 'a', type: 'symlink', linkname: 'b' },
          { name: 'b', type: 'symlink', linkname: 'a' },
          { name: 'a/x', data: '' },
        ],
      ],
      ['the root as a link', (out) => [{ name: '.', type: 'symlink', linkname: out }]],
      ['a whiteout device', () => [{ name: 'w', type: 'char', devMajor: 0, devMinor: 0 }]],
    ];
    test.each(cases)('%s', async (_, make) => {
      const error = await unpack(make(outside)).then(
        () => undefined,
        (reason: Error) => reason,
      );
      if (error) expect(error.name).toBe('LayerError');
      expect(await readdir(outside)).toEqual(['file']);
      expect(await readFile(join(outside, 'file'), 'utf8')).toBe('untouched');
      expect((await stat(join(outside, 'file'))).nlink).toBe(1);
      expect((await readdir(tmpdir())).includes('escaped')).toBe(false);
      const names = (await readdir(root, { recursive: true })).map((name) => name.split('/').at(-1));
      expect(names.filter((name) => name?.startsWith('.wh.'))).toEqual([]);
    });
  });

  test('quotas', async () => {
    await expect(unpack([{ name: 'a', data: 'xxxx' }], { limits: { maxSize: 3, maxEntries: 9 } })).rejects.toThrow(
      'larger',
    );
    await expect(unpack([{ name: 'a' }, { name: 'b' }], { limits: { maxSize: 3, maxEntries: 1 } })).rejects.toThrow(
      'more than 1 entries',
    );
  });
});

describe('layers of images', () => {
  const compressions: [string, (bytes: Buffer) => Buffer | Promise<Buffer>][] = [
    ['plain', (bytes) => bytes],
    ['gzip', (bytes) => gzipSync(bytes)],
    ['zstd', (bytes) => zstdCompressSync(bytes)],
    ['xz', (bytes) => compressBy('xz', bytes)],
    ['bzip2', (bytes) => compressBy('bzip2', bytes)],
  ];
  async function compressBy(program: string, bytes: Buffer): Promise<Buffer> {
    const file = join(root, 'archive');
    await writeFile(file, bytes);
    await runOk(program, ['-k', file]);
    return readFile(file + (program === 'xz' ? '.xz' : '.bz2'));
  }

  test.each(compressions)('an archive that is %s is loaded', async (_, compress) => {
    await using host = await createImageHost();
    const layer = tar([{ name: 'f', data: 'content' }]);
    const made = image([layer], { tags: ['t:1'] });
    const result = await host.images.load({ source: stream(await compress(dockerArchive([made]))) });
    expect(result).toEqual([{ id: made.id, references: ['t:1'] }]);
    expect(host.snapshots.layers.size(digestOf(layer))).toBe(7);
  });

  test('overlay mounts of a container over two layers, kept when the image goes', async () => {
    await using host = await createImageHost();
    const lower = tar([
      { name: 'a', data: 'lower' },
      { name: 'b', data: 'lower' },
      { name: 'd/x', data: '' },
    ]);
    const upper = tar([{ name: '.wh.a' }, { name: 'b', data: 'upper' }, { name: 'd/.wh..wh..opq' }, { name: 'd/y' }]);
    const made = image([lower, upper], { tags: ['t:1'] });
    await host.images.load({ source: stream(dockerArchive([made])) });
    const { rootfs } = host.snapshots;
    const target = join(root, 'merged');
    await runOk('mkdir', [target]);
    await rootfs.prepare('c1', made.id);
    expect(await rootfs.list()).toEqual(['c1']);
    const [mount] = await rootfs.mounts('c1', made.id, target);
    await runOk('mount', ['-t', mount!.type, mount!.source, mount!.target, '-o', mount!.options.join(',')]);
    try {
      expect((await readdir(target)).sort()).toEqual(['b', 'd']);
      expect(await readFile(join(target, 'b'), 'utf8')).toBe('upper');
      expect(await readdir(join(target, 'd'))).toEqual(['y']);
      await writeFile(join(target, 'new'), '12345');
      expect(await rootfs.size('c1', made.id)).toEqual({ rw: 5, rootFs: 20 });
      await host.images.remove('t:1', { force: true });
      expect(host.images.byId(made.id)).toBeUndefined();
      expect(host.snapshots.layers.list()).toHaveLength(2);
      expect(await rootfs.mounts('c1', made.id, target)).toHaveLength(1);
    } finally {
      await runOk('umount', [target]);
    }
    await rootfs.remove('c1');
    await rootfs.remove('c1');
    await host.snapshots.settled();
    expect(host.snapshots.layers.list()).toEqual([]);
    expect(await readdir(join(host.root, 'data', 'layers'))).toEqual(['.index']);
    expect(await readdir(join(host.root, 'data', 'overlay'))).toEqual([]);
    expect(await readdir(join(host.root, 'data', 'tmp'))).toEqual([]);
  });

  test('127 layers fit one mount, also below a long data root', async () => {
    await using host = await createImageHost(await mkdtemp(join(tmpdir(), `gantry-${'long'.repeat(20)}-`)));
    const layers = Array.from({ length: 127 }, (_, index) => tar([{ name: `f${index}`, data: String(index) }]));
    const made = image(layers, { tags: ['deep:1'] });
    await host.images.load({ source: stream(dockerArchive([made])) });
    const target = join(root, 'merged');
    await runOk('mkdir', [target]);
    await host.snapshots.rootfs.prepare('c1', made.id);
    const [mount] = await host.snapshots.rootfs.mounts('c1', made.id, target);
    expect(mount!.options.join(',').length).toBeLessThan(4096);
    await runOk('mount', ['-t', 'overlay', 'overlay', target, '-o', mount!.options.join(',')]);
    try {
      expect(await readdir(target)).toHaveLength(127);
    } finally {
      await runOk('umount', [target]);
    }
    await expect(
      host.images.load({ source: stream(dockerArchive([image([...layers, tar([])], { tags: ['deep:2'] })])) }),
    ).rejects.toThrow('127 layers');
  });
});
