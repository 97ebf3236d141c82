import { expect, test } from 'vitest';
import { createGapFilter } from './gap.ts';
import { createLineIndex, createLogStore } from './log-store.ts';
import { acceptsLine, createMatcher } from './matcher.ts';

const line = (m: string, s: 1 | 2 = 1, t = '2026-01-01T00:00:00.000000001Z') => ({ t, s, m });
const texts = (store: ReturnType<typeof createLogStore>) => {
  const all: string[] = [];
  for (let seq = store.first(); seq < store.end(); seq++) all.push(store.get(seq)!.m);
  return all;
};

test('keeps the newest lines and their numbers', () => {
  const store = createLogStore({ maxLines: 3, maxChars: 10_000, maxLineChars: 100 });
  store.push(['a', 'b', 'c', 'd', 'e'].map((m) => line(m)));
  expect(texts(store)).toEqual(['c', 'd', 'e']);
  expect(store.get(1)).toBeUndefined();
  expect(store.get(2)!.m).toBe('c');
});

test('a flood costs no more than its bound', () => {
  const store = createLogStore({ maxLines: 200_000, maxChars: 1_000_000, maxLineChars: 1000 });
  for (let index = 0; index < 500; index++) store.push(Array.from({ length: 100 }, () => line('x'.repeat(200))));
  expect(store.chars()).toBeLessThanOrEqual(1_000_000);
  expect(store.size()).toBeGreaterThan(3000);
  expect(store.end()).toBe(50_000);
});

test('pieces of one line are joined per stream, and a line has an end', () => {
  const store = createLogStore({ maxLines: 10, maxChars: 10_000, maxLineChars: 6 });
  store.push([{ ...line('ab'), p: true }, { ...line('ER', 2), p: true }, line('cd'), line('R!', 2), line('new')]);
  expect(texts(store)).toEqual(['abcd', 'ERR!', 'new']);
  store.push([{ ...line('123456'), p: true }, line('789')]);
  expect(store.get(store.end() - 1)).toMatchObject({ m: '123456', cut: 3 });
});

test('a piece whose beginning was let go becomes a line of its own', () => {
  const store = createLogStore({ maxLines: 1, maxChars: 10_000, maxLineChars: 100 });
  store.push([{ ...line('begin'), p: true }, line('other', 2)]);
  store.push([line('rest')]);
  expect(texts(store)).toEqual(['rest']);
});

test('one line beyond the bound of characters is kept', () => {
  const store = createLogStore({ maxLines: 10, maxChars: 10, maxLineChars: 100 });
  store.push([line('x'.repeat(50)), line('y'.repeat(50))]);
  expect(texts(store)).toEqual(['y'.repeat(50)]);
});

test('an index follows what comes and goes', () => {
  const store = createLogStore({ maxLines: 4, maxChars: 10_000, maxLineChars: 100 });
  const index = createLineIndex(store, (each) => each.m.includes('x'));
  store.push(['x0', 'a', 'x2'].map((m) => line(m)));
  index.update();
  expect([index.size(), index.at(0), index.at(1)]).toEqual([2, 0, 2]);
  store.push(['x3', 'b', 'x5'].map((m) => line(m)));
  index.update();
  expect([index.size(), index.at(0), index.at(1), index.at(2)]).toEqual([3, 2, 3, 5]);
  expect(index.position(4)).toBe(2);
});

test('an index sees a line that grew', () => {
  const store = createLogStore();
  const index = createLineIndex(store, (each) => each.m.includes('x'));
  store.push([{ ...line('a'), p: true }]);
  index.update();
  store.push([line('x')]);
  index.update();
  expect(index.size()).toBe(1);
});

test('filter tells streams apart, inverts, and lets marks pass', () => {
  const { matcher } = createMatcher('get', false);
  const filter = { stdout: true, stderr: false, matcher, invert: false };
  const stored = (m: string, s: 0 | 1 | 2) => ({ seq: 0, t: '', s, m, cut: 0 });
  expect(acceptsLine(filter, stored('\u001b[32mGET\u001b[0m /', 1))).toBe(true);
  expect(acceptsLine(filter, stored('GET /', 2))).toBe(false);
  expect(acceptsLine(filter, stored('post', 1))).toBe(false);
  expect(acceptsLine({ ...filter, invert: true }, stored('post', 1))).toBe(true);
  expect(acceptsLine(filter, stored('Stopped', 0))).toBe(true);
});

test('search: case, literal characters, patterns, empty matches, broken patterns', () => {
  expect(createMatcher('a.c', false).matcher!.ranges('abc A.C')).toEqual([[4, 7]]);
  expect(createMatcher('A', false).matcher!.ranges('aA')).toEqual([[1, 2]]);
  expect(createMatcher('x*', true).matcher!.ranges('axxb')).toEqual([[1, 3]]);
  expect(createMatcher('', false)).toEqual({ matcher: null, error: null });
  const broken = createMatcher('a(', true);
  expect(broken.matcher).toBeNull();
  expect(broken.error).toMatch(/a\(/);
});

test('a connection taken up again has no line twice and none missing', () => {
  const gap = createGapFilter();
  const at = (n: number) => `2026-01-01T00:00:00.00000000${n}Z`;
  gap.take([line('a', 1, at(1)), line('b', 1, at(2)), line('b', 1, at(2))]);
  expect(gap.last()).toBe(at(2));
  gap.resume();
  const again = gap.take([
    line('b', 1, at(2)),
    line('b', 1, at(2)),
    line('b', 1, at(2)),
    line('c', 1, at(2)),
    line('d', 1, at(3)),
    line('e', 2, at(2)),
  ]);
  expect(again.map((each) => each.m)).toEqual(['b', 'c', 'd', 'e']);
});
