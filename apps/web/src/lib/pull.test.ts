import { describe, expect, it } from 'vitest';
import { applyPull, noProgress, type PullMessage, registryAuth, splitReference } from './pull.ts';

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

it('follows the layers of a push', () => {
  const progress = [
    { status: 'The push refers to repository [registry.example/app]' },
    { id: 'a1', status: 'Preparing' },
    { id: 'b2', status: 'Layer already exists' },
    { id: 'a1', status: 'Pushing', progressDetail: { current: 5, total: 10 } },
    { id: 'a1', status: 'Pushed' },
    { status: '1.0: digest: sha256:0 size: 1' },
  ].reduce(applyPull, noProgress);
  expect(progress.layers.map((layer) => [layer.id, layer.done, layer.current])).toEqual([
    ['a1', true, 10],
    ['b2', true, 0],
  ]);
  expect(progress.lines).toHaveLength(2);
});

it('sends a sign-in as Docker takes it, whatever letters are in it', () => {
  const header = registryAuth({ username: 'ünal', password: 'p?>~' })['x-registry-auth'] ?? '';
  expect(header).toMatch(/^[A-Za-z0-9_=-]+$/);
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ username: 'ünal', password: 'p?>~' });
  expect(Buffer.from(registryAuth(undefined)['x-registry-auth'] ?? '', 'base64url').toString()).toBe('{}');
});
