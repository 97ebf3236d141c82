import { expect, test } from 'vitest';
import { levelOf, parseJsonLine } from './level.ts';

test.each([
  ['level=warn msg="slow"', 'warn'],
  ['{"severity":"ERROR","x":1}', 'error'],
  ['[INFO] listening', 'info'],
  ['2026-01-01 12:00:00 ERROR db gone', 'error'],
  ['2026/01/01 [warn] 12#0: upstream', 'warn'],
  ['Error: cannot find module', 'error'],
  ['panic: runtime error', 'fatal'],
  ['GET /error 200', null],
  ['no errors were found', null],
  ['level=constructor', null],
  ['', null],
])('%s', (text, level) => {
  expect(levelOf(text)).toBe(level);
});

test('a JSON line becomes level, message and the rest', () => {
  expect(parseJsonLine('{"level":50,"time":1,"msg":"boom","user":"a","n":{"x":1}}')).toEqual({
    level: 'error',
    message: 'boom',
    fields: [
      ['user', 'a'],
      ['n', '{"x":1}'],
    ],
  });
  expect(parseJsonLine('{"__proto__":{"a":1},"message":"m"}')).toEqual({
    level: null,
    message: 'm',
    fields: [['__proto__', '{"a":1}']],
  });
});

test('anything else is no JSON line', () => {
  for (const text of ['', '[1]', '{', '{"a":}', 'null', `{"a":"${'x'.repeat(70_000)}"}`])
    expect(parseJsonLine(text)).toBeNull();
});
