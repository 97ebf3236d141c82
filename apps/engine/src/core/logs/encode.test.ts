import { describe, expect, it } from 'vitest';
import { createEncoder, type EncodeOptions } from './encode.ts';

const PLAIN: EncodeOptions = {
  stdout: true,
  stderr: true,
  framed: false,
  timestamps: false,
  details: null,
  since: null,
  until: null,
};
const at = (second: number, nano = '000000001', zone = '+00:00'): string =>
  `2026-11-21T09:16:${String(second).padStart(2, '0')}.${nano}${zone}`;

function encode(log: string | Buffer, options: Partial<EncodeOptions> = {}, step = Number.POSITIVE_INFINITY): Buffer {
  const encoder = createEncoder({ ...PLAIN, ...options });
  const bytes = Buffer.isBuffer(log) ? log : Buffer.from(log);
  const out: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += step) out.push(encoder.push(bytes.subarray(from, from + step)));
  return Buffer.concat(out);
}

function frames(bytes: Buffer): [number, string][] {
  const list: [number, string][] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = bytes.readUInt32BE(from + 4);
    expect(bytes.subarray(from + 1, from + 4)).toEqual(Buffer.alloc(3));
    list.push([bytes[from] as number, bytes.subarray(from + 8, from + 8 + length).toString('latin1')]);
    from += 8 + length;
  }
  return list;
}

const MIXED = `${at(1)} stdout P abc\n${at(2)} stderr F x\n${at(3)} stdout F \n${at(4)} stdout F  two words \n${at(5)} stdout P end\n`;

describe('createEncoder', () => {
  it('gives the bytes exactly as written: no newline added, none lost', () => {
    expect(encode(MIXED, { stderr: false }).toString()).toBe('abc\n two words \nend');
    expect(encode(MIXED, { stdout: false }).toString()).toBe('x\n');
    expect(encode(MIXED).toString()).toBe('abcx\n\n two words \nend');
  });

  it('gives the same for every way the file is cut into blocks', () => {
    const whole = encode(MIXED, { framed: true, timestamps: true });
    for (const step of [1, 2, 7, 44, 45, 46, 100]) {
      expect(encode(MIXED, { framed: true, timestamps: true }, step)).toEqual(whole);
      expect(encode(MIXED, {}, step)).toEqual(encode(MIXED));
    }
  });

  it('joins entries of one stream in a frame and keeps the order of the two', () => {
    expect(frames(encode(MIXED, { framed: true }))).toEqual([
      [1, 'abc'],
      [2, 'x\n'],
      [1, '\n two words \nend'],
    ]);
  });

  it('puts a time at the start of each line only, nine digits and Z, one frame per entry', () => {
    expect(frames(encode(MIXED, { framed: true, timestamps: true }))).toEqual([
      [1, '2026-11-21T09:16:01.000000001Z abc'],
      [2, '2026-11-21T09:16:02.000000001Z x\n'],
      [1, '\n'],
      [1, '2026-11-21T09:16:04.000000001Z  two words \n'],
      [1, '2026-11-21T09:16:05.000000001Z end'],
    ]);
  });

  it('turns local offsets into UTC', () => {
    const log = `${at(1, '123456789', '+05:30')} stdout F a\n${at(1, '000000000', '-08:00')} stdout F b\n`;
    expect(encode(log, { timestamps: true }).toString()).toBe(
      '2026-11-21T03:46:01.123456789Z a\n2026-11-21T17:16:01.000000000Z b\n',
    );
  });

  it('writes details after the time', () => {
    expect(encode(`${at(1)} stdout F a\n`, { timestamps: true, details: 'k=v ' }).toString()).toBe(
      '2026-11-21T09:16:01.000000001Z k=v a\n',
    );
    expect(encode(`${at(1)} stdout F \n`.repeat(500), { framed: true, details: 'long='.repeat(40) }).length).toBe(
      500 * (8 + 200 + 1),
    );
  });

  it('takes since and until inclusively and ends after until', () => {
    const log = [1, 2, 3, 4].map((second) => `${at(second)} stdout F ${second}\n`).join('');
    const two = 1_795_252_562_000_000_001n;
    expect(encode(log, { since: two }).toString()).toBe('2\n3\n4\n');
    expect(encode(log, { until: two }).toString()).toBe('1\n2\n');
    expect(encode(log, { since: two, until: two }).toString()).toBe('2\n');
    const encoder = createEncoder({ ...PLAIN, until: two });
    encoder.push(Buffer.from(log));
    expect(encoder.done).toBe(true);
  });

  it('keeps every byte value, in lines of any length', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).filter((byte) => byte !== 10);
    const piece = Buffer.alloc(8192, all);
    const head = Buffer.from(`${at(1)} stdout P `);
    const log = Buffer.concat([
      ...Array.from({ length: 12 }, () => Buffer.concat([head, piece, Buffer.from('\n')])),
      Buffer.from(`${at(2)} stdout F tail\n`),
    ]);
    expect(encode(log, {}, 5000)).toEqual(Buffer.concat([...Array(12).fill(piece), Buffer.from('tail\n')]));
  });

  it('leaves out what is no entry and goes on after it', () => {
    const garbage = [
      '',
      'x',
      'stdout F nothing',
      `${at(1)} stdzzz F a`,
      `${at(1)} stdout X a`,
      `${at(1)} stdout`,
      ' '.repeat(90),
    ];
    const log = garbage.map((line) => `${line}\n${at(1)} stdout F ok\n`).join('');
    expect(encode(log).toString()).toBe('ok\n'.repeat(garbage.length));
    expect(encode(log, { framed: true, timestamps: true, since: 1n }, 3).length).toBeGreaterThan(0);
  });

  it('does not gather a line without end', () => {
    const encoder = createEncoder(PLAIN);
    const zeros = Buffer.alloc(700_000);
    for (let round = 0; round < 20; round += 1) expect(encoder.push(zeros).length).toBe(0);
    encoder.push(Buffer.from('\n'));
    expect(encoder.push(Buffer.from(`${at(1)} stdout F ok\n`)).toString()).toBe('ok\n');
  });
});
