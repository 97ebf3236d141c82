import type { AuditRow } from '@contract/rest.ts';
import { expect, test } from 'vitest';
import { mergeHistory } from './merge.ts';

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
