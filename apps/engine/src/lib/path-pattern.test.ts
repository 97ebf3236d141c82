import { describe, expect, it } from 'vitest';
import { createIgnore, ignoreLines } from './ignore-file.ts';
import { pathMatcher } from './path-pattern.ts';

describe('path patterns', () => {
  it.each([
    ['*.go', 'a.go', true],
    ['*.go', 'd/a.go', false],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['[a-c]x', 'bx', true],
    ['[^a-c]x', 'bx', false],
    ['[^a-c]x', '/x', false],
    ['[]]', ']', true],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['**', 'a/b', false],
    ['f*', 'f1', true],
  ])('%s on %s is %s', (pattern, path, matches) => {
    expect(pathMatcher(pattern)(path)).toBe(matches);
  });

  it.each([
    ['**', 'a/b/c', true],
    ['**/x', 'x', true],
    ['**/x', 'a/b/x', true],
    ['**/x', 'ax', false],
    ['**/x', 'a/bx', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**', 'a/x/y', true],
    ['**/*.md', 'docs/x/readme.md', true],
    ['a**b', 'a/x/b', true],
  ])('with directories: %s on %s is %s', (pattern, path, matches) => {
    expect(pathMatcher(pattern, { deep: true })(path)).toBe(matches);
  });

  it.each(['[', '[a', '[a-', 'x\\'])('refuses %s', (pattern) => {
    expect(() => pathMatcher(pattern)).toThrow('syntax error in pattern');
  });

  it('takes no longer for a pattern made to be slow', () => {
    const matches = pathMatcher(`${'*a'.repeat(500)}b`);
    const before = performance.now();
    expect(matches('a'.repeat(4000))).toBe(false);
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});

describe('ignore files', () => {
  const of = (text: string) => createIgnore(ignoreLines(text));

  it('excludes directories with all below them', () => {
    const ignore = of('# comment\n\nnode_modules\n/dist/\n');
    expect(ignore.excludes('node_modules/a/b')).toBe(true);
    expect(ignore.excludes('dist')).toBe(true);
    expect(ignore.excludes('src/node_modules')).toBe(false);
  });

  it('lets the last match decide', () => {
    const ignore = of('*.log\n!keep.log\nkeep.log.d\n');
    expect(ignore.excludes('a.log')).toBe(true);
    expect(ignore.excludes('keep.log')).toBe(false);
    expect(ignore.hasExceptions).toBe(true);
  });

  it('brings back what lies below an excluded directory', () => {
    const ignore = of('docs\n!docs/README.md\n');
    expect(ignore.excludes('docs/x')).toBe(true);
    expect(ignore.excludes('docs/README.md')).toBe(false);
  });

  it('normalises patterns and never leaves the root', () => {
    const ignore = of('./a/../b\n../../c\n');
    expect(ignore.excludes('b')).toBe(true);
    expect(ignore.excludes('c')).toBe(true);
    expect(ignore.excludes('a')).toBe(false);
  });

  it('refuses malformed lines', () => {
    expect(() => of('!')).toThrow('syntax error in pattern');
    expect(() => of('[')).toThrow('syntax error in pattern');
  });
});
