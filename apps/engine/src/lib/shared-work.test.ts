import { describe, expect, test } from 'vitest';
import { createSharedWork } from './shared-work.ts';

describe('shared work', () => {
  test('is done once for callers at the same time, and again later', async () => {
    const shared = createSharedWork<string, number>({ replay: 10 });
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    const work = async ({ tell }: { tell: (message: string) => void }) => {
      tell('begun');
      await gate.promise;
      tell('done');
      runs += 1;
      return runs;
    };
    const told: string[][] = [[], []];
    const first = shared.join('k', work, { tell: (message) => told[0]!.push(message) });
    const second = shared.join('k', work, { tell: (message) => told[1]!.push(message) });
    gate.resolve();
    expect(await Promise.all([first, second])).toEqual([1, 1]);
    expect(told).toEqual([
      ['begun', 'done'],
      ['begun', 'done'],
    ]);
    expect(await shared.join('k', work)).toBe(2);
  });

  test('goes on while one caller stays, and is cancelled with the last', async () => {
    const shared = createSharedWork<never, string>();
    const signals: AbortSignal[] = [];
    const gate = Promise.withResolvers<string>();
    const work = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return gate.promise;
    };
    const [one, two] = [new AbortController(), new AbortController()];
    const first = shared.join('k', work, { signal: one.signal });
    const second = shared.join('k', work, { signal: two.signal });
    one.abort(new Error('first left'));
    await expect(first).rejects.toThrow('first left');
    expect(signals[0]!.aborted).toBe(false);
    two.abort(new Error('second left'));
    await expect(second).rejects.toThrow('second left');
    expect(signals[0]!.aborted).toBe(true);
    const third = shared.join('k', work);
    gate.resolve('anew');
    expect(await third).toBe('anew');
    expect(signals).toHaveLength(2);
  });

  test("a failure is everybody's", async () => {
    const shared = createSharedWork<never, void>();
    const work = async () => {
      throw new Error('no');
    };
    const both = await Promise.allSettled([shared.join('k', work), shared.join('k', work)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
