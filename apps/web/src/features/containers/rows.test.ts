import { expect, it } from 'vitest';
import { toItem } from '../../lib/collections/use-containers.ts';
import { filterRows, inChip, toRow } from './rows.ts';

const row = (name: string, State: string, Status: string, more: object = {}) =>
  toRow(
    toItem(
      { Id: `${name}0123`, Names: [`/${name}`], State, Status, Image: 'nginx:1.27', Ports: [], ...more } as never,
      0,
    ),
    undefined,
  );

const rows = [
  row('web', 'running', 'Up 2 minutes (unhealthy)', { Ports: [{ PrivatePort: 80, PublicPort: 8080, Type: 'tcp' }] }),
  row('db', 'exited', 'Exited (0) 1 hour ago', { Labels: { 'com.docker.compose.project': 'shop', Tier: 'Data' } }),
  row('job', 'restarting', 'Restarting (1) 2 seconds ago'),
];
const names = (filter: string, chips: Parameters<typeof filterRows>[2] = []) =>
  filterRows(rows, filter, chips).map((found) => found.item.name);

it('filters by every word, whatever it is in', () => {
  expect(names('')).toEqual(['web', 'db', 'job']);
  expect(names('NGINX 8080')).toEqual(['web']);
  expect(names('shop')).toEqual(['db']);
  expect(names('label:tier=data')).toEqual(['db']);
  expect(names('web db')).toEqual([]);
});

it('chips add up', () => {
  expect(names('', ['unhealthy'])).toEqual(['web']);
  expect(names('', ['stopped', 'restarting'])).toEqual(['db', 'job']);
  expect(inChip(rows[0]!, 'running')).toBe(true);
});

it('a name that is a property of every object finds nothing', () => {
  expect(names('__proto__')).toEqual([]);
  expect(names('constructor')).toEqual([]);
});
