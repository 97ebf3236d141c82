import { describe, expect, it } from 'vitest';
import { applyPull, noProgress, type PullMessage, splitReference } from './pull.ts';

describe('name and tag of a reference', () => {
  it.each([
    ['nginx', 'nginx', 'latest'],
    ['nginx:1.27', 'nginx', '1.27'],
    ['localhost:5000/app', 'localhost:5000/app', 'latest'],
    ['localhost:5000/app:2', 'localhost:5000/app', '2'],
    ['a/b@sha256:abc', 'a/b', 'sha256:abc'],
    ['a/b:1@sha256:abc', 'a/b', 'sha256:abc'],
  ])('%s', (reference, name, tag) => {
    expect(splitReference(reference)).toEqual({ name, tag });
  });
});

it('follows each layer from its first line to its end', () => {
  const messages: PullMessage[] = [
    { status: 'Pulling from library/nginx', id: 'latest' },
    { status: 'Pulling fs layer', id: 'aaa', progressDetail: {} },
    { status: 'Pulling fs layer', id: 'bbb', progressDetail: {} },
    { status: 'Downloading', id: 'aaa', progressDetail: { current: 5, total: 10 } },
    { status: 'Already exists', id: 'bbb' },
    { status: 'Digest: sha256:123' },
  ];
  const progress = messages.reduce(applyPull, noProgress);
  expect(progress.layers).toEqual([
    { id: 'aaa', status: 'Downloading', current: 5, total: 10, done: false },
    { id: 'bbb', status: 'Already exists', current: 0, total: 0, done: true },
  ]);
  expect(progress.lines).toEqual(['Pulling from library/nginx', 'Digest: sha256:123']);
  const complete = applyPull(progress, { status: 'Pull complete', id: 'aaa', progressDetail: {} });
  expect(complete.layers[0]).toEqual({ id: 'aaa', status: 'Pull complete', current: 10, total: 10, done: true });
});
