import { describe, expect, it } from 'vitest';
import { createMemo } from './memo.ts';

describe('answers that are kept', () => {
  it('are computed once, but not when they are not to be kept or failed', async () => {
    const memo = createMemo();
    let count = 0;
    const next = async () => (count += 1);
    expect(await memo.ask(['a', ['!x']], next)).toBe(1);
    expect(await memo.ask(['a', ['!x']], next)).toBe(1);
    expect(await memo.ask(['a', []], next, () => false)).toBe(2);
    expect(await memo.ask(['a', []], next)).toBe(3);
    await expect(memo.ask(['b'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(memo.has(['b'])).toBe(false);
  });

  it('are bounded: what was not asked for longest goes first', async () => {
    const memo = createMemo();
    await memo.ask(['kept'], async () => 0);
    for (let index = 0; index < 5000; index += 1) {
      await memo.ask([index], async () => index);
      await memo.ask(['kept'], async () => 0);
    }
    expect(memo.has([0])).toBe(false);
    expect([memo.has(['kept']), memo.has([4999])]).toEqual([true, true]);
  });
});
