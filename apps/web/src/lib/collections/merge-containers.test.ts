import { expect, it } from 'vitest';
import { mergeContainers, toItem } from './use-containers.ts';

const summary = (Id: string, State = 'running', Status = 'Up 1 second') =>
  ({ Id, Names: [`/${Id}`], State, Status }) as Parameters<typeof toItem>[0];

it('replaces what changed, drops what is gone, adds what is new', () => {
  const old = ['a', 'b', 'c'].map((id) => toItem(summary(id), 1_000_000));
  const fresh = [
    toItem(summary('b', 'exited', 'Exited (1) 2 seconds ago'), 1_010_000),
    toItem(summary('d'), 1_010_000),
  ];
  const merged = mergeContainers(old, new Set(['b', 'c', 'd']), fresh);
  expect(merged.map((item) => [item.id, item.state])).toEqual([
    ['d', 'running'],
    ['a', 'running'],
    ['b', 'failed'],
  ]);
});

it('keeps the start of a state that goes on, though the engine rounds its age', () => {
  const old = [toItem(summary('a', 'running', 'Up 65 seconds'), 1_000_000)];
  const fresh = [toItem(summary('a', 'running', 'Up About a minute'), 1_001_000)];
  expect(mergeContainers(old, new Set(['a']), fresh)[0]?.since).toBe(old[0]?.since);
});
