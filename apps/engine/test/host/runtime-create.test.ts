import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStage, type Stage } from './runtime-fixture.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const sh = (script: string): string[] => ['sh', '-c', script];

describe('a container', () => {
  test('prints, ends and tells its exit code', async () => {
    const { out, exit } = await stage.run({ args: sh('echo out; echo err >&2; exit 7') });
    expect(out.split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(exit).toMatchObject({ exitCode: 7, oomKilled: false });
    expect(Date.now() - Date.parse(exit.finishedAt)).toBeLessThan(5000);
  });
});
