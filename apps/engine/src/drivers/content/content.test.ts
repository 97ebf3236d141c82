import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '#lib/digest.ts';
import { createContent } from './content.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gantry-content-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const source = (...parts: string[]) => Readable.from(parts.map((part) => Buffer.from(part)));
const temporary = () => readdir(join(root, 'tmp'));

describe('content', () => {
  test('a blob is visible under its digest after commit, not before', async () => {
    const content = await createContent({ dataRoot: root });
    const blob = await content.stage(source('hello ', 'world'));
    expect(blob).toMatchObject({ digest: digestOf('hello world'), size: 11 });
    expect(await content.size(blob.digest)).toBeUndefined();
    await blob.commit();
    expect(await content.size(blob.digest)).toBe(11);
    expect((await content.read(blob.digest, 100)).toString()).toBe('hello world');
    expect((await content.open(blob.digest, { start: 6 }).toArray()).join('')).toBe('world');
    expect(await content.list()).toEqual([blob.digest]);
    expect(await temporary()).toEqual([]);
    await content.delete(blob.digest);
    await content.delete(blob.digest);
    await expect(content.read(blob.digest, 100)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('discard, a failing source, and one that is too long leave nothing', async () => {
    const content = await createContent({ dataRoot: root });
    await (await content.stage(source('x'))).discard();
    async function* broken() {
      yield Buffer.from('some');
      throw new Error('connection lost');
    }
    await expect(content.stage(broken())).rejects.toThrow('connection lost');
    await expect(content.stage(source('123456'), { maxSize: 5 })).rejects.toMatchObject({ code: 'too_large' });
    await expect(content.stage(source('1'), { signal: AbortSignal.abort() })).rejects.toThrow();
    expect(await temporary()).toEqual([]);
    expect(await content.list()).toEqual([]);
  });

  test('what a killed engine left half written is removed at the next start', async () => {
    await createContent({ dataRoot: root });
    await writeFile(join(root, 'tmp', 'blob-left'), 'half');
    await createContent({ dataRoot: root });
    expect(await temporary()).toEqual([]);
  });

  test('only digests name blobs', async () => {
    const content = await createContent({ dataRoot: root });
    for (const name of ['../../etc/passwd', 'sha256:../x', '', 'sha512:aa', '__proto__']) {
      await expect((async () => content.size(name))()).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });
});
