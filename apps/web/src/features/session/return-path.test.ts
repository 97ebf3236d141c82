import { describe, expect, it } from 'vitest';
import { returnPath, signInHref } from './return-path.ts';

describe('the way back after signing in', () => {
  it('keeps a path of the site with its query', () => {
    expect(returnPath('/containers?state=running&q=a%20b')).toBe('/containers?state=running&q=a%20b');
  });

  it.each([
    null,
    '',
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/sign-in?next=/sign-in',
    '/setup',
  ])('goes to the overview for %j', (next) => {
    expect(returnPath(next)).toBe('/');
  });

  it('survives the round trip through the address', () => {
    const href = signInHref('/containers/abc', '?tab=logs');
    expect(returnPath(new URL(href, 'http://x').searchParams.get('next'))).toBe('/containers/abc?tab=logs');
    expect(signInHref('/', '')).toBe('/sign-in');
  });
});
