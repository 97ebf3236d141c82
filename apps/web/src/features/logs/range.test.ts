import { expect, it } from 'vitest';
import { localInput, timeParam } from './range.ts';

it('takes only a time from the address', () => {
  expect(timeParam('2026-11-21T10:00:00Z')).toBe('2026-11-21T10:00:00.000Z');
  for (const text of ['', 'soon', '<b>']) expect(timeParam(text)).toBeUndefined();
});

it('gives the time back that an input was filled with', () => {
  const filled = localInput('2026-11-21T10:00:05.000Z');
  expect(filled).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:05$/);
  expect(new Date(filled).toISOString()).toBe('2026-11-21T10:00:05.000Z');
  expect(localInput(undefined)).toBe('');
});
