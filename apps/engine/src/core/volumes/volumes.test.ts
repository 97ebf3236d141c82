import { beforeEach, describe, expect, it } from 'vitest';
import { isEngineError } from '#core/errors.ts';
import { memoryStore } from '#test/fakes/memory-store.ts';
import { fakeVolumeStorage } from '#test/fakes/volume-storage.ts';
import type { VolumeRecord } from './types.ts';
import { createVolumes, type Volumes } from './volumes.ts';

let volumes: Volumes;
let users: Map<string, string[]>;

beforeEach(async () => {
  users = new Map();
  volumes = await createVolumes({
    storage: fakeVolumeStorage(),
    store: memoryStore<VolumeRecord>('name'),
    events: { publish: (event) => ({ type: event.type, action: event.action, actor: event, timeNano: 0n }) },
    users: () => ({ usingVolume: (name) => users.get(name) ?? [], get: () => undefined }),
    now: () => '2026-01-01T00:00:00Z',
    warn: () => undefined,
  });
});

const request = (name: string, wanted: Partial<Parameters<Volumes['create']>[0]> = {}) => ({
  name,
  driver: 'local',
  labels: {},
  options: {},
  ...wanted,
});

describe('create', () => {
  it('gives the existing volume when asked again', async () => {
    const first = await volumes.create(request('data', { labels: { a: '1' } }));
    expect(await volumes.create(request('data'))).toEqual(first);
    expect(volumes.list()).toHaveLength(1);
  });

  it('makes a name of 64 digits when there is none', async () => {
    const made = await volumes.create(request(''));
    expect(made.name).toMatch(/^[0-9a-f]{64}$/);
    expect(made.anonymous).toBe(true);
  });

  it.each(['a', 'ct w/x', '../up', '.hidden', '-o', 'new\nline', 'é', 'x'.repeat(241)])(
    'refuses the name %j',
    async (name) => {
      await expect(volumes.create(request(name))).rejects.toSatisfy((error) =>
        isEngineError(error, 'invalid_argument'),
      );
      expect(volumes.list()).toEqual([]);
    },
  );

  it('refuses other options under a name that is taken, with 409', async () => {
    await volumes.create(request('data', { options: { type: 'tmpfs', device: 'tmpfs' } }));
    const other = volumes.create(request('data', { options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' } }));
    await expect(other).rejects.toSatisfy((error) => isEngineError(error, 'conflict'));
  });

  it('refuses a driver that is not there and an option it does not know', async () => {
    await expect(volumes.create(request('data', { driver: 'nosuch' }))).rejects.toThrow('plugin "nosuch" not found');
    await expect(volumes.create(request('data', { options: { foo: '1' } }))).rejects.toThrow('invalid option: "foo"');
    await expect(volumes.create(request('data', { options: { type: 'tmpfs' } }))).rejects.toThrow('missing device');
  });

  it('makes one volume of many requests at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => volumes.create(request('data'))));
    expect(volumes.list()).toHaveLength(1);
  });
});

describe('remove', () => {
  it('says who uses it, stopped containers too', async () => {
    await volumes.create(request('data'));
    users.set('data', ['abc', 'def']);
    await expect(volumes.remove('data', { force: true })).rejects.toThrow('remove data: volume is in use - [abc, def]');
  });

  it('of what is not there fails, unless forced', async () => {
    await expect(volumes.remove('__proto__')).rejects.toThrow('get __proto__: no such volume');
    await volumes.remove('missing', { force: true });
  });

  it('takes an anonymous volume back from a create that failed', async () => {
    const { name } = await volumes.create(request(''));
    users.set(name, ['in-the-making']);
    await volumes.remove(name, { force: true });
    expect(volumes.list()).toEqual([]);
  });
});
