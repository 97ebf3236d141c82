import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlace } from './beneath.ts';
import { cleanPath, holdPath } from './tree-stat.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'gantry-stat-'));
  mkdirSync(join(root, 'd/e'), { recursive: true });
  writeFileSync(join(root, 'd/f'), 'f');
  symlinkSync('/d/e', join(root, 'abs'));
  symlinkSync('../../../../d/f', join(root, 'd/up'));
  symlinkSync('loop', join(root, 'loop'));
});
afterAll(() => rmSync(root, { recursive: true }));

it.each([
  ['/a/b', '/a/b'],
  ['a//b/../c', '/a/c'],
  ['/a/b/', '/a/b/'],
  ['/a/b/.', '/a/b/.'],
  ['../../x', '/x'],
  ['/', '/'],
  ['.', '/'],
  ['/..', '/'],
])('%s is %s', (path, clean) => {
  expect(cleanPath(path)).toBe(clean);
});

describe('a held path', () => {
  const look = (path: string) => {
    const held = holdPath(openPlace(root), path);
    held.close();
    return { name: held.name, isDirectory: held.stat.isDirectory(), linkTarget: held.linkTarget };
  };

  it('is the link itself, unless a directory was asked for', () => {
    expect(look('/abs')).toEqual({ name: 'abs', isDirectory: false, linkTarget: '/d/e' });
    expect(look('/abs/')).toEqual({ name: 'abs', isDirectory: true, linkTarget: '' });
    expect(look('/abs/.')).toEqual({ name: '.', isDirectory: true, linkTarget: '' });
    expect(look('/')).toMatchObject({ name: '/', isDirectory: true });
  });

  it('never leads above the root', () => {
    expect(look('/d/up')).toMatchObject({ linkTarget: '/d/f' });
    expect(look('/../../d')).toMatchObject({ name: 'd', isDirectory: true });
    expect(() => look('/d/up/x')).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
    expect(() => look('/loop/x')).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    expect(() => look('/nosuch')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});
