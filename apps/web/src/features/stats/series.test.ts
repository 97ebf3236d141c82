import { expect, test } from 'vitest';
import { addSample, emptySeries } from './series.ts';

const sample = (at: number, more = {}) => ({
  id: 'c',
  at,
  cpuPercent: 10,
  memoryUsage: 100,
  memoryLimit: 1000,
  networkRx: 0,
  networkTx: 0,
  blockRead: 0,
  blockWrite: 0,
  pids: 1,
  ...more,
});

test('counters become rates, levels stay', () => {
  const first = sample(1000);
  const second = sample(3000, { networkRx: 4000, blockWrite: 100 });
  let series = addSample(emptySeries(), null, first, 60_000);
  series = addSample(series, first, second, 60_000);
  expect(series.received).toEqual([null, 2000]);
  expect(series.written).toEqual([null, 50]);
  expect(series.memory).toEqual([100, 100]);
});

test('a silence is a gap, and a counter that went back is no rate', () => {
  const first = sample(1000, { networkRx: 500 });
  const late = sample(60_000, { networkRx: 900 });
  const reset = sample(62_000, { networkRx: 10 });
  let series = addSample(addSample(emptySeries(), null, first, 600_000), first, late, 600_000);
  expect(series.cpu).toEqual([10, null, 10]);
  series = addSample(series, late, reset, 600_000);
  expect(series.received).toEqual([null, null, null, null]);
});

test('what is older than the window is let go', () => {
  const samples = Array.from({ length: 100 }, (_, index) => sample(index * 2000));
  let series = emptySeries();
  samples.forEach((each, index) => {
    series = addSample(series, samples[index - 1] ?? null, each, 20_000);
  });
  expect(series.time.length).toBe(11);
});
