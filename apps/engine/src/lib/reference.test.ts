import { describe, expect, test } from 'vitest';
import { familiarName, familiarReference, formatReference, parseReference, withDefaultTag } from './reference.ts';

const hex = 'a'.repeat(64);

describe('references', () => {
  test.each([
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1', 'docker.io/library/busybox:1', 'busybox:1'],
    ['library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['gantry/busybox', 'docker.io/gantry/busybox:latest', 'gantry/busybox:latest'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/a/b:t', 'localhost:5000/a/b:t', 'localhost:5000/a/b:t'],
    ['[::1]:5000/a', '[::1]:5000/a:latest', '[::1]:5000/a:latest'],
    ['Reg.example/a', 'Reg.example/a:latest', 'Reg.example/a:latest'],
    ['a__b--c/d.e_f', 'docker.io/a__b--c/d.e_f:latest', 'a__b--c/d.e_f:latest'],
    [`busybox@sha256:${hex}`, `docker.io/library/busybox@sha256:${hex}`, `busybox@sha256:${hex}`],
    [`x:t@sha256:${hex}`, `docker.io/library/x:t@sha256:${hex}`, `x:t@sha256:${hex}`],
  ])('%s is %s', (typed, full, familiar) => {
    const reference = withDefaultTag(parseReference(typed));
    expect(formatReference(reference)).toBe(full);
    expect(familiarReference(reference)).toBe(familiar);
    expect(familiarName(full)).toBe(familiar);
  });

  test.each([
    ['', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a:b:c', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['a/../b', 'invalid reference format'],
    ['a@sha256:12', 'invalid reference format'],
    [`a@md5:${'a'.repeat(32)}`, 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['B', 'invalid reference format: repository name (library/B) must be lowercase'],
    ['ct-B:v1', 'invalid reference format: repository name (library/ct-B) must be lowercase'],
    ['x/Y:latest', 'invalid reference format: repository name (x/Y) must be lowercase'],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`${'a/'.repeat(150)}b`, 'repository name must not be more than 255 characters'],
    ['a\nb', 'invalid reference format'],
    ['a:b\n', 'invalid reference format'],
  ])('%j is refused', (typed, message) => {
    expect(() => parseReference(typed)).toThrow(message);
  });
});
