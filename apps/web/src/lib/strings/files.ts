import { plural } from '../format.ts';

export const files = {
  label: 'Files that differ from the image',
  count: (count: number) => `${plural(count, 'path')} changed since the image`,
  filter: 'Filter paths',
  kinds: { 0: 'changed', 1: 'added', 2: 'deleted' },
  columns: { kind: 'Change', path: 'Path' },
  download: 'Download',
  downloadOf: (path: string) => `Download ${path}`,
  path: 'Path in the container',
  fetch: 'Download',
  fetchHint: 'A file or folder, as a tar archive.',
  relative: 'Begin the path with /.',
  missing: (path: string) => `There is no ${path} in the container.`,
  downloadFailed: 'Could not download it',
  refresh: 'Look again',
  none: 'Nothing differs from the image',
  noneHint: 'What the container writes outside of its volumes is listed here.',
  noMatch: 'No path fits this filter.',
  clear: 'Clear filter',
  failed: 'Could not compare the files with the image',
} as const;
