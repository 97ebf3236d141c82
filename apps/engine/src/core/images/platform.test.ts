import { describe, expect, test } from 'vitest';
import { choosePlatform, formatPlatform, parsePlatform } from './platform.ts';

describe('platforms', () => {
  test.each([
    ['linux/amd64', 'linux/amd64'],
    ['arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['aarch64', 'linux/arm64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/arm', 'linux/arm/v7'],
    ['armel', 'linux/arm/v6'],
    ['Windows/AMD64', 'windows/amd64'],
  ])('%s is %s', (text, normal) => {
    expect(formatPlatform(parsePlatform(text))).toBe(normal);
  });

  test.each(['', 'a/b/c/d', 'linux/', 'a b', 'linux/amd64;x'])('%j is refused', (text) => {
    expect(() => parsePlatform(text)).toThrow('invalid platform');
  });

  const entries = [
    'linux/arm/v5',
    'linux/arm/v7',
    'linux/arm64/v8',
    'linux/amd64',
    'linux/amd64/v3',
    'windows/amd64',
  ].map((text) => {
    const [os, architecture, variant] = text.split('/');
    return { digest: text, mediaType: '', size: 0, platform: { os, architecture, variant } };
  });
  test.each([
    ['linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v5'],
    ['arm64', 'linux/arm64/v8'],
    ['amd64', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/amd64/v2', 'linux/amd64'],
    ['windows/amd64', 'windows/amd64'],
  ])('%s gets %s', (want, expected) => {
    expect(choosePlatform(entries, parsePlatform(want)).digest).toBe(expected);
  });

  test('what there is not is said', () => {
    expect(() => choosePlatform(entries, parsePlatform('linux/s390x'))).toThrow(
      'no matching manifest for linux/s390x in the manifest list entries',
    );
  });
});
