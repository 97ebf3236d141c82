import type { AuditRow } from '@contract/rest.ts';
import { expect, test } from 'vitest';
import { mergeHistory } from './merge.ts';

test('what happens several times in a row is one item that counts', () => {
  const row = (seq: number, action: string, ms: number) =>
    ({
      seq,
      action,
      at: new Date(ms).toISOString(),
      result: 'ok',
      decision: 'allow',
      from: '',
      error: null,
      actor: { id: 'u' },
    }) as AuditRow;
  const rows = [
    row(1, 'exec.create', 0),
    row(2, 'exec.create', 100),
    row(3, 'exec.create', 90_000),
    row(4, 'container.stop', 90_001),
  ];
  expect(mergeHistory([], rows).map((item) => `${item.key}×${item.times}`)).toEqual(['a4×1', 'a3×1', 'a2×2']);
});

test('events and audit rows stand together, newest first', () => {
  const event = (Action: string, time: number, Attributes = {}) => ({
    Type: 'container',
    Action,
    Actor: { ID: 'c', Attributes },
    time,
    timeNano: time * 1e9,
  });
  const row = { seq: 7, at: new Date(1500).toISOString() } as AuditRow;
  const items = mergeHistory([event('start', 1), event('die', 2, { exitCode: '137', execDuration: '3' })], [row]);
  expect(
    items.map((item) => (item.kind === 'event' ? `${item.action} ${item.detail}`.trim() : `audit ${item.row.seq}`)),
  ).toEqual(['die exit code 137, ran 3 s', 'audit 7', 'start']);
});
