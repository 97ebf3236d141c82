import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readTar, type TarEntry } from './tar.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-write.ts';

/** Delivers `bytes` in pieces of `step`. */
function stream(bytes: Buffer, step = 700): AsyncIterable<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.subarray(at, at + step));
  return Readable.from(pieces);
}

async function list(bytes: Buffer, step?: number): Promise<{ entry: TarEntry; body: Buffer }[]> {
  const out = [];
  for await (const { entry, body } of readTar(stream(bytes, step))) {
    const parts: Buffer[] = [];
    for await (const chunk of body) parts.push(chunk);
    out.push({ entry, body: Buffer.concat(parts) });
  }
  return out;
}

const file = (name: string, data: string, more = {}) => {
  const body = Buffer.from(data);
  return Buffer.concat([tarHeader({ name, size: body.length, ...more }), body, tarPadding(body.length)]);
};

/** A header with some bytes overwritten and its checksum made right again. */
function patched(header: Buffer, at: number, text: string): Buffer {
  const out = Buffer.from(header);
  out.write(text, at, 'latin1');
  out.write('        ', 148, 'latin1');
  let sum = 0;
  for (const byte of out.subarray(0, 512)) sum += byte;
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}

describe('tar', () => {
  test.each([1, 511, 512, 700, 100_000])('round trip in pieces of %i bytes', async (step) => {
    const long = `${'d/'.repeat(80)}\xff\xfe name`;
    const archive = Buffer.concat([
      tarHeader({ name: 'dir', type: 'directory', mode: 0o1777, mtime: 12.5 }),
      file(long, 'x'.repeat(1500), { mode: 0o4755, uid: 3_000_000, gid: 5 }),
      tarHeader({ name: 'l', type: 'symlink', linkname: '../../etc' }),
      tarHeader({ name: 'n', type: 'char', devMajor: 1, devMinor: 3 }),
      file('cap', '', { xattrs: new Map([['security.capability', Buffer.from([1, 0, 255, 10])]]) }),
      tarEnd(),
    ]);
    const entries = await list(archive, step);
    expect(entries.map(({ entry }) => [entry.name, entry.type])).toEqual([
      ['dir/', 'directory'],
      [long, 'file'],
      ['l', 'symlink'],
      ['n', 'char'],
      ['cap', 'file'],
    ]);
    expect(entries[0]!.entry).toMatchObject({ mode: 0o1777, mtime: 12.5 });
    expect(entries[1]!.entry).toMatchObject({ mode: 0o4755, uid: 3_000_000, gid: 5, size: 1500 });
    expect(entries[1]!.body.toString()).toBe('x'.repeat(1500));
    expect(entries[2]!.entry.linkname).toBe('../../etc');
    expect(entries[3]!.entry).toMatchObject({ devMajor: 1, devMinor: 3 });
    expect(entries[4]!.entry.xattrs.get('security.capability')).toEqual(Buffer.from([1, 0, 255, 10]));
  });

  test('a body that nobody reads is skipped', async () => {
    const names: string[] = [];
    for await (const { entry } of readTar(stream(Buffer.concat([file('a', 'A'.repeat(3000)), file('b', 'b')])))) {
      names.push(entry.name);
    }
    expect(names).toEqual(['a', 'b']);
  });

  test('the stream is read to its end behind the end of the archive', async () => {
    let read = 0;
    async function* source() {
      for (const chunk of [file('a', 'a'), tarEnd(), Buffer.alloc(5000, 1)]) {
        read += chunk.length;
        yield chunk;
      }
    }
    for await (const _ of readTar(source()));
    expect(read).toBe(1024 + 1024 + 5000);
  });

  test.each([
    ['rubbish', Buffer.from('rubbish\n'), 'unexpected end of file'],
    ['a wrong checksum', Buffer.alloc(512, 0x41), 'checksum'],
    ['a cut body', file('a', 'x'.repeat(600)).subarray(0, 700), 'unexpected end of file'],
    ['a bad size', patched(tarHeader({ name: 'a' }), 124, '99999999999\0'), 'size is not a number'],
    [
      'a size beyond any file',
      patched(tarHeader({ name: 'a' }), 124, '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'),
      'size is out of range',
    ],
    ['an unknown type', patched(tarHeader({ name: 'a' }), 156, 'Z'), 'not supported'],
    ['no name', tarHeader({ name: '' }), 'no name'],
    ['a huge extension', patched(tarHeader({ name: 'a', size: 8 * 1024 * 1024 }), 156, 'x'), 'larger than 1 MiB'],
    [
      'a broken extension',
      Buffer.concat([patched(tarHeader({ name: 'a', size: 6 }), 156, 'x'), Buffer.from('999 a='), tarPadding(6)]),
      'malformed',
    ],
    ['a name too long', Buffer.concat([tarHeader({ name: 'n'.repeat(5000) })]), 'longer than 4096'],
  ])('%s is refused', async (_, bytes, message) => {
    await expect(list(bytes)).rejects.toThrow(message);
  });
});
