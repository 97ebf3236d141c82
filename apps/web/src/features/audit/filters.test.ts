import { expect, test } from 'vitest';
import { exportHref, toQuery } from './filters.ts';
import { shownId } from './shown-id.ts';

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

test('shortens ids and leaves names as they are', () => {
  expect(shownId(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab');
  expect(shownId('registry.example.com/shop/api:2.8.1')).toBe('registry.example.com/shop/api:2.8.1');
});
