import type { LiveEvent } from '@contract/realtime.ts';
import { expect, it } from 'vitest';
import { toItem } from '../../lib/collections/use-containers.ts';
import { needsAttention } from './attention.ts';

const item = (name: string, State: string, Status: string) =>
  toItem({ Id: name, Names: [`/${name}`], State, Status } as never, 10_000_000);

it('names what is wrong, the worst first, and nothing else', () => {
  const found = needsAttention([
    item('fine', 'running', 'Up 2 minutes (healthy)'),
    item('stopped', 'exited', 'Exited (143) 2 minutes ago'),
    item('old', 'exited', 'Exited (1) 2 hours ago'),
    item('new', 'exited', 'Exited (127) 2 minutes ago'),
    item('sick', 'running', 'Up 2 minutes (unhealthy)'),
    item('loop', 'restarting', 'Restarting (1) 2 seconds ago'),
  ]);
  expect(found.map(({ item: one, reason }) => `${one.name}: ${reason}`)).toEqual([
    'sick: its health check fails',
    'loop: restarts again and again',
    'new: ended with exit code 127',
    'old: ended with exit code 1',
  ]);
});

const event = (ID: string, Action: string, seconds: number, exitCode = '1'): LiveEvent => ({
  host: 'local',
  Type: 'container',
  Action,
  Actor: { ID, Attributes: Action === 'die' ? { exitCode } : ({} as Record<string, string>) },
  time: seconds,
  timeNano: seconds * 1e9,
});
const told = (items: Parameters<typeof needsAttention>[0], events: Parameters<typeof needsAttention>[1]) =>
  needsAttention(items, events, 1_000_000).map(({ item: one, reason }) => `${one.name}: ${reason}`);

it('knows an end by the lack of memory from one that was asked for', () => {
  const killed = [item('big', 'exited', 'Exited (137) 2 minutes ago')];
  expect(told(killed, [event('big', 'die', 900, '137'), event('big', 'oom', 899), event('big', 'start', 890)])).toEqual(
    ['big: ran out of memory'],
  );
  expect(told(killed, [event('big', 'die', 900, '137'), event('big', 'start', 890), event('big', 'oom', 800)])).toEqual(
    [],
  );
});

it('a restart loop stays in the list while the container happens to run', () => {
  const running = [item('loop', 'running', 'Up 1 second')];
  const deaths = [990, 980, 970].map((at) => event('loop', 'die', at));
  expect(told(running, deaths)).toEqual(['loop: restarts again and again']);
  expect(told(running, deaths.slice(1))).toEqual([]);
  expect(
    told(
      running,
      [300, 200, 100].map((at) => event('loop', 'die', at)),
    ),
  ).toEqual([]);
  expect(
    told(
      running,
      [990, 980, 970].map((at) => event('loop', 'die', at, '143')),
    ),
  ).toEqual([]);
});
