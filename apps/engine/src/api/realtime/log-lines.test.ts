import { describe, expect, it } from 'vitest';
import { frame } from '#lib/frames.ts';
import { createLineParser } from './log-lines.ts';

const T = '2026-11-21T09:16:01.000000001Z';
const U = '2026-11-21T09:16:02.000000001Z';

function parse(bytes: Buffer, framed: boolean, step: number) {
  const parser = createLineParser(framed);
  const lines = [];
  for (let from = 0; from < bytes.length; from += step) lines.push(...parser.push(bytes.subarray(from, from + step)));
  return [...lines, ...parser.end()];
}
/** Joins the pieces of lines: how the bytes were cut must not matter. */
function joined(lines: ReturnType<typeof parse>): string[] {
  const open = new Map<number, string>();
  const out: string[] = [];
  for (const { t, s, m, p } of lines) {
    const text = (open.get(s) ?? '') + m;
    if (p) open.set(s, text);
    else {
      out.push(`${s} ${t} ${text}`);
      open.delete(s);
    }
  }
  for (const [s, text] of open) out.push(`${s} … ${text}`);
  return out;
}

describe('createLineParser', () => {
  const framed = Buffer.concat([
    frame(1, Buffer.from(`${T} one\n`)),
    frame(2, Buffer.from(`${T} bad é\n`)),
    frame(1, Buffer.from(`${T} half `)),
    frame(2, Buffer.from(`${U} between\n`)),
    frame(1, Buffer.from('other half\n')),
    frame(1, Buffer.from(`${U} \n`)),
    frame(1, Buffer.from(`${U} prompt: `)),
  ]);
  const expected = [
    `1 ${T} one`,
    `2 ${T} bad é`,
    `2 ${U} between`,
    `1 ${T} half other half`,
    `1 ${U} `,
    '1 … prompt: ',
  ];
  it.each([1, 2, 3, 7, 8, 9, 31, 1000])('reads frames cut every %i bytes', (step) => {
    expect(joined(parse(framed, true, step))).toEqual(expected);
  });

  it('reads a line whose pieces each carry a time, as Docker sends long ones', () => {
    const bytes = Buffer.concat([frame(1, Buffer.from(`${T} aaa`)), frame(1, Buffer.from(`${U} bbb\n`))]);
    expect(joined(parse(bytes, true, 5))).toEqual([`1 ${T} aaabbb`]);
  });

  it.each([1, 4, 33, 1000])('reads a terminal cut every %i bytes', (step) => {
    const bytes = Buffer.from(`${T} one\r\n${T} \u001b[31mred\u001b[0m\r\n${U} $ `);
    expect(joined(parse(bytes, false, step))).toEqual([`1 ${T} one`, `1 ${T} \u001b[31mred\u001b[0m`, '1 … $ ']);
  });

  it('replaces invalid UTF-8 and keeps characters cut between frames whole', () => {
    const euro = Buffer.from('€');
    const bytes = Buffer.concat([
      frame(1, Buffer.concat([Buffer.from(`${T} `), euro.subarray(0, 1)])),
      frame(1, Buffer.concat([euro.subarray(1), Buffer.from([0xff, 0x0a])])),
    ]);
    expect(joined(parse(bytes, true, 1000))).toEqual([`1 ${T} €\ufffd`]);
  });

  it('gives long lines in pieces', () => {
    const lines = parse(frame(1, Buffer.from(`${T} ${'x'.repeat(150_000)}\n`)), true, 1_000_000);
    expect(lines.map(({ m, p }) => [m.length, p])).toEqual([
      [65536, true],
      [65536, true],
      [150_000 - 2 * 65536, undefined],
    ]);
  });

  it('refuses what is no frame', () => {
    expect(() => parse(Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 1]), true, 100)).toThrow();
    expect(() => parse(Buffer.from([1, 0, 0, 0, 255, 255, 255, 255, 1]), true, 100)).toThrow();
  });
});
