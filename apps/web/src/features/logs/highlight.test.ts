import { expect, test } from 'vitest';
import { highlight } from './highlight.ts';

const runs = [
  { text: 'GET ', className: '' },
  { text: '/index', className: 'ansi-fg-2' },
  { text: ' 200', className: '' },
];
const cut = (ranges: [number, number][]) =>
  highlight(runs, ranges).map((piece) => (piece.hit ? `[${piece.text}]` : piece.text));

test('nothing found leaves the runs', () => {
  expect(cut([])).toEqual(['GET ', '/index', ' 200']);
});

test('a range within, across and at the ends of runs', () => {
  expect(cut([[5, 7]])).toEqual(['GET ', '/', '[in]', 'dex', ' 200']);
  expect(cut([[2, 6]])).toEqual(['GE', '[T ]', '[/i]', 'ndex', ' 200']);
  expect(
    cut([
      [0, 3],
      [11, 14],
    ]),
  ).toEqual(['[GET]', ' ', '/index', ' ', '[200]']);
  expect(cut([[0, 14]])).toEqual(['[GET ]', '[/index]', '[ 200]']);
  expect(
    cut([
      [1, 2],
      [2, 3],
    ]),
  ).toEqual(['G', '[E]', '[T]', ' ', '/index', ' 200']);
});
