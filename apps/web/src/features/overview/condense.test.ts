import { expect, it } from 'vitest';
import { condense } from './condense.ts';

const event = (ID: string, Action: string, timeNano: number, Attributes: Record<string, string> = {}) =>
  ({ host: 'local', Type: 'container', Action, Actor: { ID, Attributes }, time: 0, timeNano }) as const;

it('counts what repeats where it last happened, and keeps what differs', () => {
  const rows = condense([
    event('a', 'die', 6, { exitCode: '1' }),
    event('a', 'start', 5),
    event('b', 'start', 4),
    event('a', 'die', 3, { exitCode: '1' }),
    event('a', 'start', 2),
    event('a', 'die', 1, { exitCode: '0' }),
  ]);
  expect(rows.map((row) => [row.event.timeNano, row.times])).toEqual([
    [6, 2],
    [5, 2],
    [4, 1],
    [1, 1],
  ]);
});
