import { expect, test } from 'vitest';
import { exportHref, toQuery } from './filters.ts';

const none = { q: '', actor: '', action: '', object: '', result: '', since: '' };

test('empty and unknown filters ask for everything', () => {
  expect(toQuery(none, 0)).toEqual({});
  expect(toQuery({ ...none, result: 'x', since: 'constructor' }, 0)).toEqual({});
});

test('filters combine, and a span becomes a moment', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  expect(toQuery({ ...none, q: 'a b', result: 'deny', since: '24h' }, now)).toEqual({
    q: 'a b',
    result: 'deny',
    since: '2026-01-01T03:04:00.000Z',
  });
});

test('an export keeps the filters', () => {
  expect(exportHref({ q: 'a&b', result: 'ok' }, 'csv')).toBe('/api/v1/audit/export?q=a%26b&result=ok&format=csv');
});
