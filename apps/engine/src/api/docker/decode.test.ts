import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decodeBody } from './decode.ts';
import { decodeFilters } from './filters.ts';

const Body = z.object({ Cmd: z.array(z.string()).nullish(), Tty: z.boolean().nullish() });

describe('decodeBody', () => {
  it('matches names in any case, ignores unknown ones, takes nothing for an empty body', () => {
    expect(decodeBody(Body, { cmd: ['a'], TTY: true, x: 1 })).toEqual({ Cmd: ['a'], Tty: true });
    expect(decodeBody(Body, undefined)).toEqual({});
    expect(decodeBody(Body, null)).toEqual({});
  });
  it.each([
    [{ Cmd: 'a' }, /invalid JSON: Cmd: /],
    [{ Cmd: ['a', 1] }, /invalid JSON: Cmd\.1: /],
    [{ Tty: 'yes' }, /invalid JSON: Tty: /],
    [[], /expected an object, got array/],
    ['x', /expected an object, got string/],
  ])('refuses %j naming the field', (body, message) => expect(() => decodeBody(Body, body)).toThrow(message));
  it('is not fooled by names of Object.prototype', () => {
    expect(decodeBody(Body, JSON.parse('{"__proto__": {"Tty": true}, "constructor": 1}'))).toEqual({});
  });
});

describe('decodeFilters', () => {
  const known = ['label', 'type'];
  it('reads both spellings', () => {
    expect([...decodeFilters('{"label":["a=b","c"]}', known)]).toEqual([['label', ['a=b', 'c']]]);
    expect([...decodeFilters('{"label":{"a=b":true,"c":false}}', known)]).toEqual([['label', ['a=b']]]);
    expect(decodeFilters(null, known).size).toBe(0);
  });
  it.each([
    ['{"nosuch":["x"]}', "invalid filter 'nosuch'"],
    ['{"__proto__":["x"]}', "invalid filter '__proto__'"],
    ['{"label":"x"}', "invalid filter 'label': expected a list of strings"],
    ['{"label":[1]}', "invalid filter 'label': expected a list of strings"],
    ['[]', 'invalid filter: filters must be a JSON object of lists'],
    ['{', 'invalid filter: filters must be a JSON object of lists'],
    [`{"label":["${'x'.repeat(70_000)}"]}`, 'invalid filter: filters must be a JSON object of lists'],
  ])('refuses %s', (text, message) => expect(() => decodeFilters(text, known)).toThrow(message));
});
