import { expect, it } from 'vitest';
import { arrange } from './data-table-groups.tsx';

const rows = [
  ['web', 'shop'],
  ['alone', ''],
  ['grafana', 'monitoring'],
  ['db', 'shop'],
].map(([id, stack]) => ({ id, original: { stack } })) as unknown as Parameters<typeof arrange<{ stack: string }>>[0];

const shown = (collapsed: string[]) =>
  arrange(rows, { of: (row) => row.stack, collapsed: new Set(collapsed) }).map((item) => item.id);

it('puts rows under the headings of their groups, those without one last', () => {
  expect(shown([])).toEqual(['group monitoring', 'grafana', 'group shop', 'web', 'db', 'group ', 'alone']);
});

it('hides the rows of a closed group', () => {
  expect(shown(['shop', ''])).toEqual(['group monitoring', 'grafana', 'group shop', 'group ']);
});

it('is a plain list without grouping', () => {
  expect(arrange(rows, undefined).map((item) => item.id)).toEqual(['web', 'alone', 'grafana', 'db']);
});
