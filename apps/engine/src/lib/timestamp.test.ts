import { describe, expect, it } from 'vitest';
import { parseGoDuration, parseTimestamp } from './timestamp.ts';

const NOW = 1_700_000_000_000_000_000n;

describe('parseTimestamp', () => {
  it.each([
    ['1700000000', NOW],
    ['1700000000.123456789', NOW + 123_456_789n],
    ['1700000000.1', NOW + 100_000_000n],
    ['2023-11-14T22:13:20Z', NOW],
    ['2023-11-14T22:13:20.000000001Z', NOW + 1n],
    ['2023-11-15T00:13:20+02:00', NOW],
    ['2023-11-14T22:13:20', NOW],
    ['2023-11-14', 1_699_920_000_000_000_000n],
    ['2s', NOW - 2_000_000_000n],
    ['1h30m', NOW - 5_400_000_000_000n],
    ['1.5s', NOW - 1_500_000_000n],
  ])('%s', (text, expected) => expect(parseTimestamp(text, NOW)).toBe(expected));

  it.each(['', 'yesterday', '2023-13-40', '10', '1e9', '1700000000.', '5 m', '1h30', '9'.repeat(80)])(
    'refuses or reads %j as nothing wild',
    (text) => {
      const value = parseTimestamp(text, NOW);
      if (text === '10') expect(value).toBe(10_000_000_000n);
      else expect(value).toBeNull();
    },
  );
});

describe('parseGoDuration', () => {
  it('takes signs and zero', () => {
    expect(parseGoDuration('-10m')).toBe(-600_000_000_000n);
    expect(parseGoDuration('0')).toBe(0n);
    expect(parseGoDuration('100ms')).toBe(100_000_000n);
  });
  it('refuses what would overflow', () => expect(parseGoDuration('99999999999h')).toBeNull());
});
