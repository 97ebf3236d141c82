import { describe, expect, it } from 'vitest';
import { formatBytes, formatMemory, formatPercent, formatSeconds, parseSize, plural } from './format.ts';

it('memory in powers of 1024, disk in powers of 1000', () => {
  expect(formatMemory(1536)).toBe('1.50 KiB');
  expect(formatMemory(1024 ** 3 - 1)).toBe('1.00 GiB');
  expect(formatBytes(1_500_000)).toBe('1.50 MB');
  expect(formatBytes(0)).toBe('0 B');
  expect(formatBytes(Number.NaN)).toBe('–');
});

it('percent, durations and plurals', () => {
  expect(formatPercent(3.149)).toBe('3.1%');
  expect(formatPercent(200)).toBe('200%');
  expect(formatSeconds(93_784)).toBe('1 d 2 h');
  expect(plural(1, 'container')).toBe('1 container');
  expect(plural(3, 'container')).toBe('3 containers');
});

describe('a size as docker takes it', () => {
  it.each([
    ['512m', 512 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    ['64KB', 65536],
    ['1048576', 1048576],
    ['2 GiB', 2 * 1024 ** 3],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'x', '-1', '1e9', '5x', '1.2.3m', '99999999999999999t'])('refuses %j', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});
