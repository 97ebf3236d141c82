import { expect, test } from 'vitest';
import { browserOf } from './user-agent.ts';
import { validatePassword } from './validate-password.ts';

test('browsers are told by their names, not by those they pretend to be', () => {
  expect(
    browserOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'),
  ).toBe('Chrome on Linux');
  expect(
    browserOf('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0'),
  ).toBe('Edge on Windows');
  expect(
    browserOf(
      'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1',
    ),
  ).toBe('Safari on iPhone');
  expect(browserOf('curl/8.0')).toBeNull();
});

test('a password is checked before it is sent', () => {
  const good = { current: 'x', next: 'correct horse battery', repeat: 'correct horse battery' };
  expect(validatePassword(good)).toEqual({});
  expect(Object.keys(validatePassword({ ...good, current: '', repeat: 'other' }))).toEqual(['current', 'repeat']);
  expect(validatePassword({ ...good, next: 'short' }).next).toMatch(/12/);
  expect(validatePassword({ ...good, next: 'ü'.repeat(513) }).next).toMatch(/1024/);
});
