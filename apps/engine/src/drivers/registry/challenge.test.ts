import { describe, expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';

describe('WWW-Authenticate', () => {
  test.each<[string | undefined, [string, Record<string, string>][]]>([
    [undefined, []],
    ['', []],
    ['Basic realm="r"', [['basic', { realm: 'r' }]]],
    ['basic realm=r', [['basic', { realm: 'r' }]]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    [
      'Bearer realm="a\\"b" , Basic realm="x, y"',
      [
        ['bearer', { realm: 'a"b' }],
        ['basic', { realm: 'x, y' }],
      ],
    ],
    [
      'Negotiate, Basic Realm="r"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    ['Bearer', [['bearer', {}]]],
    ['Bearer __proto__="x"', [['bearer', { ['__proto__']: 'x' }]]],
  ])('%s', (header, expected) => {
    const found = parseChallenges(header).map(({ scheme, parameters }) => [scheme, [...parameters]]);
    expect(found).toEqual(expected.map(([scheme, parameters]) => [scheme, Object.entries(parameters)]));
  });

  test('a header of endless commas and quotes ends', () => {
    expect(parseChallenges(','.repeat(8000))).toEqual([]);
    expect(parseChallenges('"'.repeat(8000))).toEqual([]);
    expect(parseChallenges(`Basic realm="${'x'.repeat(9000)}"`)).toEqual([]);
  });
});
