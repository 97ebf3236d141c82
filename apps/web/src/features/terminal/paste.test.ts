import { expect, test } from 'vitest';
import { pasteRisk, pasteText, splitCommand } from './paste.ts';

test('one line goes through, several ask', () => {
  expect(pasteRisk('ls -l', false)).toBeNull();
  expect(pasteRisk('ls -l\n', true)).toBeNull();
  expect(pasteRisk('ls -l\n', false)).toMatchObject({ lines: 1 });
  expect(pasteRisk('a\r\nb\rc', true)).toMatchObject({ lines: 3, controls: false, preview: 'a\nb\nc' });
});

test('control characters ask, and are shown as pictures', () => {
  expect(pasteRisk('ls\x03rm', true)).toMatchObject({ controls: true, preview: 'ls\u2403rm' });
  expect(pasteRisk('\x1b[201~rm -rf /\n', true)?.controls).toBe(true);
});

test('a paste of a megabyte has a short preview', () => {
  expect(pasteRisk('x'.repeat(1_000_000).concat('\ny'), true)!.preview.length).toBe(2000);
});

test('a bracketed paste cannot end itself', () => {
  expect(pasteText('a\nb\x1b[201~c', true)).toBe('\x1b[200~a\rbc\x1b[201~');
  expect(pasteText('a\r\nb', false)).toBe('a\rb');
});

test('command lines are split as a shell does, without expansion', () => {
  expect(splitCommand('sh -c "echo \\"$X\\" \'y\'"')).toEqual(['sh', '-c', 'echo "$X" \'y\'']);
  expect(splitCommand("a '' b\\ c  'd e'f")).toEqual(['a', '', 'b c', 'd ef']);
  expect(splitCommand('   ')).toEqual([]);
  expect(splitCommand('a "b')).toBeNull();
});
