import { describe, expect, it } from 'vitest';
import { changeToDocker, goFileMode, pathStatHeader } from './archive-to-docker.ts';

describe('the stat header of a path', () => {
  it('is JSON in base64, with the mode in the bits that Go clients read', () => {
    const stat = { name: 'd', size: 4096, mode: 0o041777, mtimeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678), linkTarget: '' };
    expect(JSON.parse(Buffer.from(pathStatHeader(stat), 'base64').toString('utf8'))).toEqual({
      name: 'd',
      size: 4096,
      mode: 2 ** 31 + 2 ** 20 + 0o777,
      mtime: '2026-01-02T03:04:05.678Z',
      linkTarget: '',
    });
  });

  it.each([
    [0o100644, 0o644],
    [0o104755, 2 ** 23 + 0o755],
    [0o102755, 2 ** 22 + 0o755],
    [0o120777, 2 ** 27 + 0o777],
    [0o010600, 2 ** 25 + 0o600],
    [0o020600, 2 ** 26 + 2 ** 21 + 0o600],
    [0o060600, 2 ** 26 + 0o600],
    [0o140755, 2 ** 24 + 0o755],
  ])('%o is %i', (mode, expected) => {
    expect(goFileMode(mode)).toBe(expected);
  });
});

it('a change has its kind as a number and its name as text', () => {
  const path = Buffer.from('/caf\u00e9').toString('latin1');
  expect(changeToDocker({ path, kind: 'modified' })).toEqual({ Path: '/café', Kind: 0 });
  expect(changeToDocker({ path: '/a', kind: 'added' }).Kind).toBe(1);
  expect(changeToDocker({ path: '/a', kind: 'deleted' }).Kind).toBe(2);
});
