import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runOk } from '#os/process.ts';
import { readInRoot } from '#os/rootfile.ts';

let base = '';
let root = '';

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'gantry-rootfile-'));
  root = join(base, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(base, 'secret'), 'host secret');
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  writeFileSync(join(root, 'secret'), 'inner');
  symlinkSync('/etc/passwd', join(root, 'etc/absolute'));
  symlinkSync('../../secret', join(root, 'etc/up'));
  symlinkSync('/proc/self/root/etc/hostname', join(root, 'etc/magic'));
  symlinkSync('loop', join(root, 'etc/loop'));
  await runOk('mkfifo', [join(root, 'etc/fifo')]);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe('readInRoot', () => {
  test('a plain file', () => {
    expect(readInRoot(root, 'etc/passwd', 1000)?.toString()).toContain('root:x:0');
  });

  test('links stay inside: absolute ones and those that climb', () => {
    expect(readInRoot(root, 'etc/absolute', 1000)?.toString()).toContain('root:x:0');
    expect(readInRoot(root, 'etc/up', 1000)?.toString()).toBe('inner');
    expect(readInRoot(root, '../secret', 1000)?.toString()).toBe('inner');
  });

  test('missing files, loops, directories, and links into /proc are nothing', () => {
    for (const path of ['etc/none', 'etc/loop', 'etc', 'etc/magic', 'etc/pass\0wd']) {
      expect(readInRoot(root, path, 1000)).toBeNull();
    }
  });

  test('a FIFO does not stall', () => {
    expect(() => readInRoot(root, 'etc/fifo', 1000)).toThrow('etc/fifo of the container is not a regular file');
  });

  test('too large is refused', () => {
    expect(() => readInRoot(root, 'etc/passwd', 5)).toThrow(/larger than 5 bytes/);
  });
});
