import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isEngineError } from '#core/errors.ts';
import { digestOf } from '#lib/digest.ts';
import { runOk } from '#os/process.ts';
import { dockerArchive, image, stream, tar } from './image-archives.ts';
import { createImageHost, type ImageHost } from './image-host.ts';

/** Every listed image has its blobs and layers, and nothing else is on disk. */
async function expectConsistent(host: ImageHost): Promise<void> {
  await host.snapshots.settled();
  const blobs = new Set(await host.content.list());
  const layers = new Set(host.snapshots.layers.list());
  const needed = new Set<string>();
  const chains = new Set<string>();
  for (const record of host.images.list({ all: true })) {
    for (const { digest } of [...record.layers, { digest: record.id }]) needed.add(digest);
    if (record.manifestDigest) needed.add(record.manifestDigest);
    for (const chain of record.chainIds) chains.add(chain);
  }
  expect(blobs).toEqual(needed);
  expect(layers).toEqual(chains);
  expect(new Set(host.rows.keys())).toEqual(new Set(host.images.list({ all: true }).map(({ id }) => id)));
  expect(await readdir(join(host.root, 'data', 'tmp'))).toEqual([]);
}

describe('faults', () => {
  test.each([
    ['while the archive is read', 1, 6],
    ['while a layer is unpacked', 5, 8],
  ])('a full disk %s', async (_, megabytes, disk) => {
    const root = await mkdtemp(join(tmpdir(), 'gantry-full-'));
    await runOk('mount', ['-t', 'tmpfs', '-o', `size=${megabytes === 1 ? 1 : disk}m`, 'tmpfs', root]);
    try {
      const host = await createImageHost(root);
      const layer = tar([{ name: 'f', data: Buffer.alloc(megabytes * 1024 * 1024, 7) }]);
      const load = host.images.load({ source: stream(dockerArchive([image([layer], { tags: ['x:1'] })])) });
      await expect(load).rejects.toMatchObject({ code: 'internal', message: 'no space left on device' });
      await expectConsistent(host);
      expect(host.images.list()).toEqual([]);
      await host.close();
    } finally {
      await runOk('umount', [root]);
      await rm(root, { recursive: true, force: true });
    }
  });

  test('a small blob that unpacks to a huge file of zeroes costs neither memory nor disk', async () => {
    await using host = await createImageHost();
    const size = 2 * 1024 ** 3;
    const block = Buffer.alloc(1024 * 1024);
    const header = tar([{ name: 'bomb', size }]).subarray(0, 512);
    async function* bomb() {
      yield header;
      for (let sent = 0; sent < size; sent += block.length) yield block;
      yield Buffer.alloc(1024);
    }
    const packed = Buffer.concat(
      await Readable.from(bomb())
        .pipe(createGzip({ level: 1 }))
        .toArray(),
    );
    const before = process.memoryUsage().rss;
    const made = image([packed], { tags: ['bomb:1'] });
    // The config cannot know the digest of what the blob unpacks to, so that the load fails at the very end.
    await expect(host.images.load({ source: stream(dockerArchive([made])) })).rejects.toThrow('diff id');
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    await expectConsistent(host);
  });

  test('loads, tags, removals and prunes at the same time leave a consistent store', async () => {
    await using host = await createImageHost();
    const shared = tar([{ name: 'shared', data: 'shared' }]);
    const made = Array.from({ length: 6 }, (_, index) =>
      image([shared, tar([{ name: `own${index}`, data: String(index) }])], { tags: [`c:${index}`] }),
    );
    const tolerate = (error: unknown) => {
      // Another may have removed it first; everything else is a fault.
      if (!isEngineError(error, 'not_found')) throw error;
    };
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let round = 0; round < 6; round += 1) {
          const one = made[(lane + round) % made.length]!;
          const tag = `c:${(lane + round) % made.length}`;
          await host.images.load({ source: stream(dockerArchive([one])) });
          await host.images.tag(tag, `lane${lane}`, 'x').catch(tolerate);
          const saved = await host.images.save([one.id]).catch(tolerate);
          if (saved) for await (const _ of saved);
          await host.images.remove(tag).catch(tolerate);
          if (round % 3 === 2) await host.images.prune({ dangling: lane % 2 === 0 });
        }
      }),
    );
    await expectConsistent(host);
    for (const record of host.images.list()) await host.images.remove(record.id, { force: true });
    await expectConsistent(host);
    expect(host.snapshots.layers.list()).toEqual([]);
  });

  test('a load that is cancelled leaves nothing, and the next one works', async () => {
    await using host = await createImageHost();
    const made = image([gzipSync(tar([{ name: 'f', data: Buffer.alloc(1024 * 1024, 1) }]))], {
      tags: ['x:1'],
      diffIds: [digestOf(tar([{ name: 'f', data: Buffer.alloc(1024 * 1024, 1) }]))],
    });
    const controller = new AbortController();
    const load = host.images.load(
      { source: stream(dockerArchive([made])) },
      { signal: controller.signal, progress: () => controller.abort() },
    );
    await expect(load).rejects.toThrow();
    await expectConsistent(host);
    expect(host.images.list()).toEqual([]);
    await host.images.load({ source: stream(dockerArchive([made])) });
    await expectConsistent(host);
    expect(host.images.list()).toHaveLength(1);
  });

  test('directories that nobody owns are removed at the start', async () => {
    const before = await createImageHost();
    await mkdir(join(before.root, 'data', 'layers', 'z9', 'half'), { recursive: true });
    await mkdir(join(before.root, 'data', 'tmp', 'trash-old'), { recursive: true });
    await using after = await before.restart();
    await expectConsistent(after);
    expect(await readdir(join(after.root, 'data', 'layers'))).toEqual(['.index']);
  });
});
