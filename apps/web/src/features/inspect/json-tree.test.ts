import { expect, test } from 'vitest';
import { branches, treeLines } from './json-tree.ts';

const value = { Id: 'abc', Config: { Env: ['A=1', 'B=2'], Tty: false }, Empty: {}, Nothing: null };
const shown = (query: string, shut = new Set<string>()) =>
  treeLines(value, { shut, query }).map((line) => `${'  '.repeat(line.depth)}${line.key ?? ''} ${line.text}`.trimEnd());

test('everything open', () => {
  expect(shown('')).toEqual([
    ' {4}',
    '  Id "abc"',
    '  Config {2}',
    '    Env [2]',
    '      0 "A=1"',
    '      1 "B=2"',
    '    Tty false',
    '  Empty {0}',
    '  Nothing null',
  ]);
});

test('shut branches hide what is below them', () => {
  expect(shown('', branches(value))).toEqual([' {4}', '  Id "abc"', '  Config {2}', '  Empty {0}', '  Nothing null']);
});

test('a search lists what fits and what leads there, whatever is shut', () => {
  expect(shown('b=', branches(value))).toEqual([' {4}', '  Config {2}', '    Env [2]', '      1 "B=2"']);
  expect(shown('TTY')).toEqual([' {4}', '  Config {2}', '    Tty false']);
  expect(shown('nowhere')).toEqual([]);
});

test('keys with odd names stay apart', () => {
  const odd = JSON.parse('{"__proto__":{"a.b":1},"a":{"b":2}}');
  expect(new Set(treeLines(odd, { shut: new Set(), query: '' }).map((line) => line.path)).size).toBe(5);
});
