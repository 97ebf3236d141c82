import { expect, it } from 'vitest';
import { toItem } from '../../lib/collections/use-containers.ts';
import { filterImages, reclaimable, removalReferences, savedName, toImageRows } from './rows.ts';

const image = (Id: string, RepoTags: string[], more: object = {}) =>
  ({ Id, RepoTags, RepoDigests: [], Size: 100, SharedSize: 30, ...more }) as never;
const container = toItem(
  { Id: 'c1', Names: ['/c1'], State: 'running', Status: 'Up 1 second', ImageID: 'sha256:aa' } as never,
  0,
);
const rows = toImageRows(
  [
    image('sha256:aa', ['nginx:1', 'nginx:latest']),
    image('sha256:bbbbbbbbbbbbbbbb', ['<none>:<none>']),
    image('sha256:cc', ['redis:7'], { SharedSize: -1 }),
  ],
  [container],
);

it('knows who uses an image and what it is called', () => {
  expect(rows.map((row) => [row.name, row.usedBy.length])).toEqual([
    ['nginx:1', 1],
    ['bbbbbbbbbbbb', 0],
    ['redis:7', 0],
  ]);
});

it('filters by tag and chip', () => {
  expect(filterImages(rows, 'LATEST', []).map((row) => row.name)).toEqual(['nginx:1']);
  expect(filterImages(rows, '', ['dangling']).map((row) => row.name)).toEqual(['bbbbbbbbbbbb']);
  expect(filterImages(rows, 'r', ['unused']).map((row) => row.name)).toEqual(['redis:7']);
});

it('removes by every tag, or by id', () => {
  expect(removalReferences(rows[0]!)).toEqual(['nginx:1', 'nginx:latest']);
  expect(removalReferences(rows[1]!)).toEqual(['sha256:bbbbbbbbbbbbbbbb']);
});

it('counts what unused images give back, without what they share', () => {
  const shared = new Map(rows.map((row) => [row.id, Math.max(0, row.image.SharedSize)]));
  expect(reclaimable(rows, { total: 0, shared })).toBe(70 + 100);
  expect(reclaimable(rows, { total: 0, shared: new Map() })).toBe(0);
});

it('names the file of a saved image after its tag', () => {
  expect(savedName({ name: 'registry.example:5000/shop/api:2.8.1' })).toBe('registry.example-5000-shop-api-2.8.1.tar');
});
