import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { leadsOverLink } from './mount-targets.ts';

const root = mkdtempSync(join(tmpdir(), 'gantry-targets-'));
mkdirSync(join(root, 'run'));
mkdirSync(join(root, 'dev'));
mkdirSync(join(root, 'var'));
symlinkSync('/run', join(root, 'var/run'));
symlinkSync('/gone', join(root, 'dev/shm'));
afterAll(() => rmSync(root, { recursive: true }));

test('a link on the way to a mount point is found, at its end too', () => {
  expect(leadsOverLink(root, ['/run/x', '/var/lib/y', '/new/z'])).toBe(false);
  expect(leadsOverLink(root, ['/run/x', '/var/run/docker.sock'])).toBe(true);
  expect(leadsOverLink(root, ['/var/run'])).toBe(true);
});

test('what an earlier mount covers is not the image', () => {
  expect(leadsOverLink(root, ['/dev', '/dev/shm'])).toBe(false);
  expect(leadsOverLink(root, ['/dev/shm', '/dev'])).toBe(true);
});
