import { expect, it } from 'vitest';
import { toItem } from '../../lib/collections/use-containers.ts';
import { filterVolumes, parseLabels, toVolumeRows, validVolumeName } from './rows.ts';

const container = toItem(
  {
    Id: 'c1',
    Names: ['/db'],
    State: 'exited',
    Status: 'Exited (0) 1 hour ago',
    Mounts: [
      { Type: 'volume', Name: 'data', Destination: '/a' },
      { Type: 'volume', Name: 'data', Destination: '/b' },
      { Type: 'bind', Source: '/srv', Destination: '/c' },
    ],
  } as never,
  0,
);
const rows = toVolumeRows(
  [
    { Name: 'data', Driver: 'local', Labels: null },
    { Name: 'a'.repeat(64), Driver: 'local' },
  ] as never,
  [container],
);

it('counts a container once, however often it mounts the volume, stopped or not', () => {
  expect(rows.map((row) => [row.usedBy.length, row.anonymous])).toEqual([
    [1, false],
    [0, true],
  ]);
  expect(filterVolumes(rows, 'db', []).map((row) => row.id)).toEqual(['data']);
  expect(filterVolumes(rows, '', ['unused'])).toHaveLength(1);
});

it('checks names and labels', () => {
  expect(['', 'data', 'a.b-c_d'].every(validVolumeName)).toBe(true);
  expect(['a', '/x', 'a b', '-a', '../x'].some(validVolumeName)).toBe(false);
  expect(parseLabels('a=1\n\n b = 2 \n__proto__=x')).toEqual(
    Object.fromEntries([
      ['a', '1'],
      ['b ', ' 2'],
      ['__proto__', 'x'],
    ]),
  );
  expect(parseLabels('nope')).toBeNull();
  expect(parseLabels('=x')).toBeNull();
});
