import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readBusybox } from '#drivers/content/busybox.ts';
import { digestOf } from '#lib/digest.ts';
import { readTar } from '#lib/tar.ts';
import { runOk } from '#os/process.ts';
import { dockerArchive, type Entry, image, stream, tar } from './image-archives.ts';
import { createImageHost, type ImageHost } from './image-host.ts';

const base = tar([
  { name: 'etc', type: 'directory' },
  { name: 'etc/base', data: 'base' },
]);
const extra = tar([{ name: 'etc/extra', data: 'extra' }]);

async function contents(source: AsyncIterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { entry, body } of readTar(source)) {
    const parts: Buffer[] = [];
    for await (const chunk of body) parts.push(chunk);
    files.set(entry.name, Buffer.concat(parts));
  }
  return files;
}

/** Nothing is listed and nothing is on disk. */
async function expectEmpty(host: ImageHost): Promise<void> {
  await host.snapshots.settled();
  expect(host.images.list()).toEqual([]);
  expect(host.rows.size).toBe(0);
  expect(await host.content.list()).toEqual([]);
  expect(host.snapshots.layers.list()).toEqual([]);
  expect(await readdir(join(host.root, 'data', 'tmp'))).toEqual([]);
  expect(await readdir(join(host.root, 'data', 'layers'))).toEqual(['.index']);
}

const load = (host: ImageHost, bytes: Buffer) => host.images.load({ source: stream(bytes) });

describe('load and save', () => {
  test('what was saved is loaded as the same images, also elsewhere', async () => {
    await using first = await createImageHost();
    await using second = await createImageHost();
    const one = image([base], { tags: ['one:1', 'localhost:5000/one:2'] });
    const two = image([base, extra], { tags: ['two:latest'] });
    await load(first, dockerArchive([one, two]));
    const saved = await (await first.images.save(['one:1', two.id, 'localhost:5000/one:2'])).toArray();
    const archive = Buffer.concat(saved as Buffer[]);
    const files = await contents(stream(archive));
    expect(JSON.parse(files.get('manifest.json')!.toString())).toMatchObject([
      { RepoTags: ['one:1', 'localhost:5000/one:2'] },
      { RepoTags: null },
    ]);
    expect(await load(second, archive)).toEqual([
      { id: one.id, references: ['one:1', 'localhost:5000/one:2'] },
      { id: two.id, references: [] },
    ]);
    expect(second.images.history('one:1')).toHaveLength(1);
    // The same archive as an OCI layout, which is what it also is.
    await using third = await createImageHost();
    const entries = [...files].filter(([name]) => name !== 'manifest.json' && !name.endsWith('/'));
    const layout = tar(entries.map(([name, data]) => ({ name, data })));
    const loaded = await load(third, layout);
    expect(new Set(loaded.map(({ id }) => id))).toEqual(new Set([one.id, two.id]));
    expect((await third.images.resolve('one:1')).id).toBe(one.id);
  });

  test('skopeo reads what we save', async () => {
    await using host = await createImageHost();
    const made = image([base, extra], { tags: ['sk:1'] });
    await load(host, dockerArchive([made]));
    const file = join(tmpdir(), `gantry-save-${process.pid}.tar`);
    try {
      await writeFile(file, Buffer.concat(await (await host.images.save(['sk:1'])).toArray()));
      for (const transport of ['docker-archive', 'oci-archive']) {
        const raw = await runOk('skopeo', ['inspect', '--config', '--raw', `${transport}:${file}`]);
        expect(digestOf(raw)).toBe(made.id);
      }
    } finally {
      await rm(file, { force: true });
    }
  });

  test('layers may be links, and compressed', async () => {
    await using host = await createImageHost();
    const made = image([base, base], { tags: ['l:1'] });
    const archive = tar([
      { name: 'c.json', data: made.config },
      { name: 'a/layer.tar', data: gzipSync(base) },
      { name: 'b/layer.tar', type: 'symlink', linkname: '../a/layer.tar' },
      {
        name: 'manifest.json',
        data: JSON.stringify([{ Config: 'c.json', RepoTags: ['l:1'], Layers: ['a/layer.tar', 'b/layer.tar'] }]),
      },
    ]);
    expect(await load(host, archive)).toEqual([{ id: made.id, references: ['l:1'] }]);
  });

  test('loading again moves tags and duplicates nothing', async () => {
    await using host = await createImageHost();
    const one = image([base], { tags: ['t:1'] });
    const two = image([base, extra], { tags: ['t:1'] });
    await load(host, dockerArchive([one]));
    await load(host, dockerArchive([one]));
    await load(host, dockerArchive([two]));
    expect((await host.images.resolve('t:1')).id).toBe(two.id);
    expect(host.images.byId(one.id)?.repoTags).toEqual([]);
    expect(host.images.list({ dangling: true }).map(({ id }) => id)).toEqual([one.id]);
    const { removed, reclaimed } = await host.images.prune({ dangling: true });
    expect(removed).toEqual([{ Deleted: one.id }]);
    expect(reclaimed).toBe(0);
    expect(host.images.diskUsage()).toEqual({ total: 9, reclaimable: 9 });
  });

  const good = image([base]);
  const withManifest = (manifest: unknown, more: Entry[] = []): Buffer =>
    tar([
      { name: 'c.json', data: good.config },
      { name: 'l.tar', data: base },
      ...more,
      { name: 'manifest.json', data: typeof manifest === 'string' ? manifest : JSON.stringify(manifest) },
    ]);
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  test.each<[string, Buffer, string]>([
    ['rubbish', Buffer.from('rubbish\n'), 'unexpected end of file'],
    ['nothing', tar([]), 'neither manifest.json nor index.json'],
    ['a broken gzip', Buffer.concat([gzipSync(dockerArchive([good])).subarray(0, 60), Buffer.alloc(99, 7)]), 'damaged'],
    ['a cut archive', dockerArchive([good]).subarray(0, 2000), 'unexpected end of file'],
    ['a manifest that is no JSON', withManifest('{'), 'not JSON'],
    ['a manifest nested deeply', withManifest(deep), 'nested too deeply'],
    ['a manifest that is no list', withManifest({}), 'not a list'],
    ['a bad tag', withManifest([{ Config: 'c.json', RepoTags: ['Bad:1'], Layers: ['l.tar'] }]), 'must be lowercase'],
    ['a tag that is no text', withManifest([{ Config: 'c.json', RepoTags: [1], Layers: ['l.tar'] }]), 'not text'],
    ['a missing layer', withManifest([{ Config: 'c.json', RepoTags: [], Layers: ['none.tar'] }]), 'is missing'],
    ['a missing config', withManifest([{ Config: '../../etc/passwd', RepoTags: [], Layers: ['l.tar'] }]), 'is missing'],
    ['another number of layers', withManifest([{ Config: 'c.json', RepoTags: ['x:1'], Layers: [] }]), 'lists 1 layers'],
    ['a wrong diff id', dockerArchive([image([base], { tags: ['x:1'], diffIds: [digestOf('other')] })]), 'diff id'],
    [
      'a good image and a bad one',
      dockerArchive([image([base], { tags: ['x:1'] }), image([extra], { diffIds: [digestOf('z')] })]),
      'diff id',
    ],
    [
      'a layer that leaves its root',
      dockerArchive([image([tar([{ name: '../x', data: 'x' }])], { tags: ['x:1'] })]),
      '".."',
    ],
    [
      'a layer that is no tar',
      dockerArchive([image([Buffer.from('no tar at all')], { tags: ['x:1'] })]),
      'unexpected end of file',
    ],
    ['a link to itself', tar([{ name: 'manifest.json', type: 'symlink', linkname: 'manifest.json' }]), 'neither'],
    ['the layout of v1', tar([{ name: 'repositories', data: '{}' }]), 'before Docker 1.10'],
  ])('%s is refused and leaves nothing', async (_, bytes, message) => {
    await using host = await createImageHost();
    await expect(load(host, bytes)).rejects.toThrow(message);
    await expectEmpty(host);
  });

  test('a source that breaks off leaves nothing', async () => {
    await using host = await createImageHost();
    async function* broken() {
      yield dockerArchive([good]).subarray(0, 1500);
      throw new Error('client went away');
    }
    await expect(host.images.load({ source: broken() })).rejects.toThrow('client went away');
    await expectEmpty(host);
  });

  test('labels and names with a meaning to JavaScript are only names', async () => {
    await using host = await createImageHost();
    const config = JSON.parse('{"Labels": {"__proto__": "a", "constructor": "b"}}');
    const made = image([tar([{ name: '__proto__', data: 'x' }])], { tags: ['constructor:latest'], config });
    await load(host, dockerArchive([made]));
    const record = await host.images.resolve('constructor');
    expect(Object.entries(record.config.Labels ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    expect(host.images.list({ labels: ['__proto__=a'] })).toHaveLength(1);
    for (const name of ['__proto__', 'toString', 'hasOwnProperty']) {
      await expect(host.images.resolve(name)).rejects.toMatchObject({
        code: expect.stringMatching(/not_found|invalid/),
      });
    }
  });

  test('memory stays bounded while a large image is loaded and saved', async () => {
    await using host = await createImageHost();
    const block = Buffer.alloc(1024 * 1024, 1);
    const size = 200 * block.length;
    const header = tar([{ name: 'big', size }]).subarray(0, 512);
    async function* layer() {
      yield header;
      for (let sent = 0; sent < size; sent += block.length) yield block;
      yield Buffer.alloc(1024);
    }
    const before = process.memoryUsage().rss;
    const id = await host.images.import({ source: layer(), repository: 'big' });
    let saved = 0;
    for await (const chunk of await host.images.save([id])) saved += (chunk as Buffer).length;
    expect(saved).toBeGreaterThan(size);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('import', () => {
  test('with changes', async () => {
    await using host = await createImageHost();
    const id = await host.images.import({
      source: stream(gzipSync(base)),
      repository: 'imp',
      tag: '1',
      message: 'hello',
      changes: [
        'CMD ["/bin/sh","-c","x y"]',
        'ENV A=b C="d e"',
        'EXPOSE 80 53/udp',
        'LABEL k=v',
        'HEALTHCHECK --interval=5s CMD true',
        'WORKDIR /w',
        'entrypoint echo hi',
      ],
    });
    const record = await host.images.resolve('imp:1');
    expect(record).toMatchObject({ id, comment: 'hello', size: 4, repoTags: ['docker.io/library/imp:1'] });
    expect(record.config).toEqual({
      Cmd: ['/bin/sh', '-c', 'x y'],
      Env: ['A=b', 'C=d e'],
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Labels: { k: 'v' },
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000 },
      WorkingDir: '/w',
      Entrypoint: ['/bin/sh', '-c', 'echo hi'],
      User: '',
    });
  });

  test.each([
    [{ changes: ['FROM x'] }, 'FROM is not a valid change command'],
    [{ changes: ['ENV x'] }, 'ENV must have two arguments'],
    [{ changes: ['EXPOSE 99999'] }, 'invalid containerPort: 99999'],
    [{ repository: 'Up' }, 'must be lowercase'],
    [{ repository: 'a', tag: 'b c' }, 'invalid tag format'],
    [{ platform: 'a/b/c/d' }, 'invalid platform'],
  ])('%j is refused before anything is read', async (request, message) => {
    await using host = await createImageHost();
    await expect(host.images.import({ source: stream(base), ...request })).rejects.toThrow(message);
    await expectEmpty(host);
  });
});

describe('names', () => {
  test("tag, look up by every form, remove in Docker's order", async () => {
    await using host = await createImageHost();
    const made = image([base], { tags: ['a:1'] });
    await load(host, dockerArchive([made]));
    await host.images.tag('a:1', 'b', 'v2');
    await host.images.tag(made.id.slice(7, 19), 'localhost:5000/c', '');
    for (const name of [
      'a:1',
      'docker.io/library/a:1',
      'b:v2',
      'localhost:5000/c',
      made.id,
      made.id.slice(7),
      made.id.slice(7, 12),
    ]) {
      expect((await host.images.resolve(name)).id, name).toBe(made.id);
    }
    await expect(host.images.resolve('a')).rejects.toMatchObject({
      code: 'not_found',
      message: 'No such image: a:latest',
    });
    await expect(host.images.tag('nope', 'x', '')).rejects.toThrow('No such image: nope:latest');
    await expect(host.images.tag('a:1', 'X', '')).rejects.toThrow('must be lowercase');
    await expect(host.images.remove(made.id)).rejects.toThrow(
      `conflict: unable to delete ${made.id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
    );
    expect(await host.images.remove('b:v2')).toEqual([{ Untagged: 'b:v2' }]);
    expect(await host.images.remove('localhost:5000/c')).toEqual([{ Untagged: 'localhost:5000/c:latest' }]);
    expect(await host.images.remove('a:1')).toEqual([
      { Untagged: 'a:1' },
      { Deleted: made.id },
      { Deleted: digestOf(base) },
    ]);
    await expectEmpty(host);
    expect(host.events.map(({ action }) => action)).toEqual([
      'load',
      'tag',
      'tag',
      'untag',
      'untag',
      'untag',
      'delete',
    ]);
  });

  test('an image in use', async () => {
    await using host = await createImageHost();
    const made = image([base], { tags: ['a:1'] });
    const id = made.id.slice(7, 19);
    await load(host, dockerArchive([made]));
    const container = 'c'.repeat(64);
    host.users.set(made.id, [{ id: container, running: false }]);
    await expect(host.images.remove('a:1')).rejects.toThrow(
      `conflict: unable to remove repository reference "a:1" (must force) - container cccccccccccc is using its referenced image ${id}`,
    );
    await expect(host.images.remove(id)).rejects.toThrow(
      `conflict: unable to delete ${id} (must be forced) - image is being used by stopped container cccccccccccc`,
    );
    host.users.set(made.id, [{ id: container, running: true }]);
    await expect(host.images.remove('a:1', { force: true })).rejects.toMatchObject({
      code: 'conflict',
      message: `conflict: unable to delete ${id} (cannot be forced) - image is being used by running container cccccccccccc`,
    });
    expect((await host.images.prune({ dangling: false })).removed).toEqual([]);
    host.users.set(made.id, [{ id: container, running: false }]);
    expect(await host.images.remove('a:1', { force: true })).toEqual([
      { Untagged: 'a:1' },
      { Deleted: made.id },
      { Deleted: digestOf(base) },
    ]);
  });

  test('after a restart everything is as it was, and what no image names is gone', async () => {
    const before = await createImageHost();
    const made = image([base, extra], { tags: ['a:1'] });
    await load(before, dockerArchive([made]));
    const stray = await before.content.stage(stream(Buffer.from('half a pull')));
    await stray.commit();
    await using after = await before.restart();
    expect((await after.images.resolve('a:1')).id).toBe(made.id);
    expect(await after.content.size(stray.digest)).toBeUndefined();
    expect(after.snapshots.layers.list()).toHaveLength(2);
  });

  test('the starter image is the same every time', async () => {
    const busybox = await readBusybox();
    expect(busybox).toBeDefined();
    await using first = await createImageHost();
    await using second = await createImageHost();
    const one = await first.images.ensureStarterImage(busybox!);
    expect(one?.config.Cmd).toEqual(['sh']);
    expect((await first.images.ensureStarterImage(busybox!))?.id).toBe(one?.id);
    expect((await second.images.ensureStarterImage(busybox!))?.id).toBe(one?.id);
    await load(first, dockerArchive([image([base], { tags: ['other:1'] })]));
    await first.images.remove('gantry/busybox');
    expect(await first.images.ensureStarterImage(busybox!)).toBeUndefined();
  });
});
