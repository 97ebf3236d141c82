import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTar } from '#lib/tar.ts';
import { tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import { isPrivateAddress } from './fetch.ts';
import { resolveBelow, TooManyLinks } from './resolve.ts';
import { scanTree } from './scan.ts';
import { clampTimes, withoutStubs } from './tar-filter.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-build-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (path: string, text = path) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
const scan = (path: string, more = {}) =>
  scanTree(root, { path, wildcards: false, excludes: [], owners: false, ...more });
const hash = (path: string, more = {}) => scan(path, more)[0]?.hash;

describe('resolving below a root', () => {
  it('follows links inside, never out', () => {
    file('etc/passwd');
    symlinkSync('/etc/passwd', join(root, 'absolute'));
    symlinkSync('../../../../etc/passwd', join(root, 'up'));
    symlinkSync('/', join(root, 'top'));
    for (const path of ['absolute', 'up', 'top/etc/passwd', '../../etc/passwd']) {
      expect(resolveBelow(root, path).path).toBe('/etc/passwd');
    }
  });

  it('says what is missing, and does not loop', () => {
    file('a');
    expect(resolveBelow(root, 'b/c')).toEqual({ path: '/b/c', stat: undefined });
    expect(resolveBelow(root, 'a/c').stat).toBeUndefined();
    symlinkSync('loop', join(root, 'loop'));
    expect(() => resolveBelow(root, 'loop')).toThrow(TooManyLinks);
  });
});

describe('what a COPY depends on', () => {
  it('is content, not time', () => {
    file('d/x', 'one');
    const before = [hash('d'), hash('d/x')];
    utimesSync(join(root, 'd/x'), 1, 1);
    expect([hash('d'), hash('d/x')]).toEqual(before);
    file('d/x', 'two');
    expect(hash('d')).not.toBe(before[0]);
    expect(hash('d/x')).not.toBe(before[1]);
  });

  it('is names, kinds and targets of links', () => {
    file('a/x', '1');
    file('b/y', '1');
    expect(hash('a')).not.toBe(hash('b'));
    mkdirSync(join(root, 'c'));
    symlinkSync('p', join(root, 'c/l'));
    const one = hash('c');
    rmSync(join(root, 'c/l'));
    symlinkSync('q', join(root, 'c/l'));
    expect(hash('c')).not.toBe(one);
  });

  it('is not what is excluded', () => {
    file('d/x');
    const before = hash('d', { excludes: ['*.log'] });
    file('d/y.log');
    expect(hash('d', { excludes: ['*.log'] })).toBe(before);
    expect(hash('d')).not.toBe(before);
  });

  it('finds by pattern, at its depth', () => {
    for (const path of ['a.txt', 'b.md', 's/c.txt', 'q[x']) file(path);
    const names = (path: string) => scan(path, { wildcards: true }).map((match) => match.path);
    expect(names('*.txt')).toEqual(['/a.txt']);
    expect(names('*/*.txt')).toEqual(['/s/c.txt']);
    expect(names('q\\[x')).toEqual(['/q[x']);
    expect(names('no*')).toEqual([]);
    expect(() => names('[')).toThrow('syntax error in pattern');
  });

  it('takes names of any bytes', () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x78, 0xff])]), '1');
    expect(scan('x*', { wildcards: true })[0]?.path).toBe('/x\xff');
  });
});

describe('a layer in passing', () => {
  const entries: [string, string | null, number?][] = [
    ['cache/', null],
    ['etc/', null],
    ['etc/x', 'hello', 2000],
    ['t/', null],
    ['t/sub/', null],
    ['t/sub/f', 'y', 10],
    ['e', ''],
  ];
  const archive = Buffer.concat([
    ...entries.flatMap(([name, text, mtime = 5]) =>
      text === null
        ? [tarHeader({ name, type: 'directory', mtime })]
        : [tarHeader({ name, size: text.length, mtime }), Buffer.from(text), tarPadding(text.length)],
    ),
    tarEnd(),
  ]);
  const list = async (pieces: Iterable<Buffer>) => {
    const out: [string, number][] = [];
    const whole = Buffer.concat([...pieces]);
    for await (const { entry } of readTar(
      (async function* () {
        yield whole;
      })(),
    )) {
      out.push([entry.name, entry.mtime]);
    }
    return out;
  };

  it.each([512, 1024, 1 << 20])('loses empty mount points only, in pieces of %d', async (size) => {
    const pieces = Array.from({ length: Math.ceil(archive.length / size) }, (_, index) =>
      Buffer.from(archive.subarray(index * size, (index + 1) * size)),
    );
    const names = (await list(withoutStubs(pieces, new Set(['cache', 't', 'e', 'etc/y'])))).map(([name]) => name);
    expect(names).toEqual(['etc/', 'etc/x', 't/', 't/sub/', 't/sub/f']);
  });

  it('has no time later than wanted', async () => {
    const times = (await list(clampTimes([Buffer.from(archive)], 100))).map(([, time]) => time);
    expect(Math.max(...times)).toBe(100);
    expect(times[0]).toBe(5);
  });
});

describe('addresses that are not fetched from', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    'fd00::1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'nonsense',
  ])('%s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('but from %s', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});
