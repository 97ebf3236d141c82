import { expect, test } from 'vitest';
import { parseAnsi, stripAnsi } from './ansi.ts';

const ESC = '\u001b';
const look = (line: string) => parseAnsi(line).runs.map((run) => [run.text, run.className, run.color, run.background]);

test('a plain line is one run', () => {
  expect(parseAnsi('hello')).toEqual({ runs: [{ text: 'hello', className: '' }], text: 'hello', cut: 0 });
  expect(parseAnsi('')).toEqual({ runs: [], text: '', cut: 0 });
});

test('sixteen colours, bright ones and resets', () => {
  expect(look(`a${ESC}[31mred${ESC}[0m b${ESC}[1;92;44mx${ESC}[my`)).toEqual([
    ['a', '', undefined, undefined],
    ['red', 'ansi-fg-1', undefined, undefined],
    [' b', '', undefined, undefined],
    ['x', 'ansi-bold ansi-fg-10 ansi-bg-4', undefined, undefined],
    ['y', '', undefined, undefined],
  ]);
});

test('256 and true colours with semicolons and colons', () => {
  expect(look(`${ESC}[38;5;196ma`)[0]).toEqual(['a', '', 'rgb(255, 0, 0)', undefined]);
  expect(look(`${ESC}[38;5;9ma`)[0]).toEqual(['a', 'ansi-fg-9', undefined, undefined]);
  expect(look(`${ESC}[48;5;244ma`)[0]).toEqual(['a', '', undefined, 'rgb(128, 128, 128)']);
  expect(look(`${ESC}[38;2;1;2;3;4ma`)[0]).toEqual(['a', 'ansi-underline', 'rgb(1, 2, 3)', undefined]);
  expect(look(`${ESC}[38:2::10:20:30ma`)[0]).toEqual(['a', '', 'rgb(10, 20, 30)', undefined]);
  expect(look(`${ESC}[38:2:10:20:30ma`)[0]).toEqual(['a', '', 'rgb(10, 20, 30)', undefined]);
});

test('colours out of range and broken parameters change nothing', () => {
  expect(look(`${ESC}[38;5;999ma`)[0]).toEqual(['a', '', undefined, undefined]);
  expect(look(`${ESC}[38;2;1;2ma`)[0]).toEqual(['a', '', undefined, undefined]);
  expect(look(`${ESC}[?1ma`)[0]).toEqual(['a', '', undefined, undefined]);
  expect(look(`${ESC}[38ma`)[0]).toEqual(['a', '', undefined, undefined]);
});

test('inverse swaps, also when no colour was chosen', () => {
  expect(look(`${ESC}[7ma`)[0]![1]).toBe('ansi-fg-page ansi-bg-text');
  expect(look(`${ESC}[31;7ma`)[0]![1]).toBe('ansi-fg-page ansi-bg-1');
});

test('every other sequence is swallowed: title, links, clipboard, cursor, device strings', () => {
  expect(stripAnsi(`${ESC}]0;owned\u0007text`)).toBe('text');
  expect(stripAnsi(`${ESC}]52;c;ZXZpbA==${ESC}\\text`)).toBe('text');
  expect(stripAnsi(`${ESC}]8;;javascript:alert(1)${ESC}\\link${ESC}]8;;${ESC}\\`)).toBe('link');
  expect(stripAnsi(`${ESC}[2J${ESC}[10;10Htext${ESC}(B${ESC}=${ESC}[?25l`)).toBe('text');
  expect(stripAnsi(`${ESC}Pq#0;2;0;0;0${ESC}\\text\u009b31mred\u009d0;t\u009c!`)).toBe('textred!');
});

test('an unfinished sequence takes no more than its line', () => {
  expect(stripAnsi(`text${ESC}]0;never ends`)).toBe('text');
  expect(stripAnsi(`text${ESC}[31`)).toBe('text');
  expect(stripAnsi(`text${ESC}`)).toBe('text');
  expect(stripAnsi(`${ESC}[31\u00e9m`)).toBe('\u00e9m');
});

test('a bar that redraws itself shows its last state', () => {
  expect(stripAnsi('10%\r20%\r100%')).toBe('100%');
  expect(stripAnsi('long line\rab')).toBe('abng line');
  expect(stripAnsi(`long line\r${ESC}[Kab`)).toBe('ab');
  expect(stripAnsi(`long line${ESC}[2K\rab`)).toBe('ab');
  expect(stripAnsi('abc\b\bX')).toBe('aXc');
  expect(stripAnsi('windows line\r')).toBe('windows line');
});

test('letters stay whole: wide characters, combining marks, emoji and replacement characters', () => {
  expect(stripAnsi('日本語 👩‍👩‍👧 e\u0301 \ufffd')).toBe('日本語 👩‍👩‍👧 e\u0301 \ufffd');
  expect(parseAnsi('👍👍', { maxChars: 3, maxRuns: 5 }).text).toBe('👍');
  expect(stripAnsi('日本\rX')).toBe('X本');
});

test('overrides of direction are made visible', () => {
  expect(stripAnsi('user\u202egnp.exe')).toBe('user\ufffdgnp.exe');
});

test('markup stays text', () => {
  expect(look('<img src=x onerror=alert(1)>')[0]![0]).toBe('<img src=x onerror=alert(1)>');
});

test('a line of a million characters is cut and says by how much', () => {
  const line = parseAnsi('x'.repeat(1_000_000));
  expect(line.text.length).toBe(16_384);
  expect(line.cut).toBe(1_000_000 - 16_384);
});

test('a bomb of colour changes stays below the number of runs, and loses no letter', () => {
  let bomb = '';
  for (let index = 0; index < 10_000; index++) bomb += `${ESC}[${31 + (index % 6)}mx`;
  const line = parseAnsi(bomb);
  expect(line.runs.length).toBe(512);
  expect(line.text).toBe('x'.repeat(10_000));
});

test('bombs end in time: parameters, returns, strings without an end', () => {
  const started = performance.now();
  parseAnsi(`${ESC}[${'1;'.repeat(500_000)}mx`);
  parseAnsi('x\r'.repeat(500_000));
  parseAnsi(`${ESC}]`.repeat(300_000));
  parseAnsi(`${ESC}[`.repeat(300_000));
  parseAnsi('\b'.repeat(1_000_000));
  expect(performance.now() - started).toBeLessThan(3000);
});
