import { expect, it } from 'vitest';
import { archiveName, filterChanges } from './changes.ts';

it('finds paths by every word, whatever the case', () => {
  const changes = ['/var/log/App.log', '/var/lib', '/etc/app'].map((Path) => ({ Path, Kind: 1 as const }));
  expect(filterChanges(changes, 'app LOG').map((change) => change.Path)).toEqual(['/var/log/App.log']);
  expect(filterChanges(changes, ' ')).toHaveLength(3);
});

it('names an archive after the container and the last part of the path', () => {
  expect(archiveName('web', '/var/log/app/')).toBe('web-app.tar');
  expect(archiveName('web', '/')).toBe('web-root.tar');
  expect(archiveName('web', '/a b\n"c')).toBe('web-a-b-c.tar');
});
