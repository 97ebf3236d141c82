import { describe, expect, test } from 'vitest';
import { mount, parseMountInfo, parseMountOptions } from '#os/mount.ts';

describe('mount options', () => {
  test('flags, propagation and data are told apart', () => {
    expect(parseMountOptions(['ro', 'nosuid', 'rprivate', 'size=64m', 'mode=1777'])).toEqual({
      flags: 3,
      propagation: [(1 << 18) | 16384],
      data: 'size=64m,mode=1777',
    });
  });

  test('the later of two opposites wins', () => {
    expect(parseMountOptions(['ro', 'rw']).flags).toBe(0);
    expect(parseMountOptions(['rw', 'ro']).flags).toBe(1);
  });

  test('names of Object.prototype are data like any other', () => {
    expect(parseMountOptions(['constructor', '__proto__']).data).toBe('constructor,__proto__');
  });

  test('what mount(2) cannot be told is refused before it is called', () => {
    const base = { type: 'tmpfs', source: 'tmpfs', target: '/nonexistent' };
    expect(() => mount({ ...base, options: [`size=${'1'.repeat(5000)}`] })).toThrow(/exceed 4095 bytes/);
    expect(() => mount({ ...base, target: '/a\0b', options: [] })).toThrow(/NUL/);
  });
});

describe('mountinfo', () => {
  test('a line with optional fields and escapes', () => {
    const line =
      '36 35 98:0 /mnt1 /mnt\\0402/a rw,noatime master:1 shared:7 - overlay over\\134lay rw,lowerdir=/l,upperdir=/u';
    expect(parseMountInfo(`${line}\n`)).toEqual([
      {
        id: 36,
        parentId: 35,
        device: '98:0',
        root: '/mnt1',
        mountPoint: '/mnt 2/a',
        options: ['rw', 'noatime'],
        propagation: ['master:1', 'shared:7'],
        type: 'overlay',
        source: 'over\\lay',
        superOptions: ['rw', 'lowerdir=/l', 'upperdir=/u'],
      },
    ]);
  });

  test('garbage lines are left out', () => {
    expect(parseMountInfo('x\n\n1 2 3')).toEqual([]);
  });
});
