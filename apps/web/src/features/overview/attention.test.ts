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
