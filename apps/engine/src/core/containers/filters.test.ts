import { describe, expect, it } from 'vitest';
import { createFakeContainers, createRequest } from '#test/fakes/containers.ts';

describe('list', () => {
  async function scene() {
    const host = await createFakeContainers();
    const make = async (name: string, config = {}, hostConfig = {}) =>
      (await host.containers.create(createRequest({ name, config: { Image: 'box', ...config }, hostConfig }))).record
        .id;
    const one = await make(
      'one',
      { Labels: { ct: '1', role: 'a' } },
      { Binds: ['data:/d'], PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
    );
    const two = await make(
      'two',
      { Labels: { ct: '1', role: 'b' }, ExposedPorts: { '53/udp': {} } },
      { NetworkMode: 'mine' },
    );
    await make('three', { Labels: { ct: '2' } });
    await host.containers.start(one);
    await host.containers.start(two);
    host.exit(two, 3);
    await host.containers.wait(two, 'not-running');
    const names = async (filters: Record<string, string[]>, options = {}) =>
      (await host.containers.list({ filters: new Map(Object.entries(filters)), ...options })).map(
        (record) => record.name,
      );
    return { host, names, one };
  }

  it('shows the running ones, or all, newest first, or some', async () => {
    const { host, names } = await scene();
    await using _ = host;
    expect(await names({})).toEqual(['one']);
    expect(await names({}, { all: true })).toEqual(['three', 'two', 'one']);
    expect(await names({}, { limit: 2 })).toEqual(['three', 'two']);
  });

  it.each([
    [{ name: ['t'] }, ['three', 'two']],
    [{ name: ['^/?two$'] }, ['two']],
    [{ name: ['one', 'two'] }, ['two', 'one']],
    [{ name: ['['] }, []],
    [{ label: ['ct=1', 'role=b'] }, ['two']],
    [{ label: ['role'] }, ['two', 'one']],
    [{ label: ['__proto__'] }, []],
    [{ 'label!': ['ct=1'] }, ['three']],
    [{ status: ['exited', 'created'] }, ['three', 'two']],
    [{ exited: ['3'] }, ['two']],
    [{ exited: ['0'] }, []],
    [{ ancestor: ['box'] }, ['three', 'two', 'one']],
    [{ ancestor: ['nosuch'] }, []],
    [{ since: ['one'] }, ['three', 'two']],
    [{ before: ['three'], since: ['one'] }, ['two']],
    [{ volume: ['data'] }, ['one']],
    [{ volume: ['/d'] }, ['one']],
    [{ network: ['mine'] }, ['two']],
    [{ publish: ['8080'] }, ['one']],
    [{ publish: ['8000-9000/tcp'] }, ['one']],
    [{ publish: ['80'] }, []],
    [{ expose: ['53/udp'] }, ['two']],
    [{ health: ['none'] }, ['three', 'two', 'one']],
    [{ 'is-task': ['true'] }, []],
  ] as [Record<string, string[]>, string[]][])('%j', async (filters, expected) => {
    const { host, names } = await scene();
    await using _ = host;
    expect(await names(filters, { all: true })).toEqual(expected);
  });

  it.each([
    [{ nosuch: ['1'] }, "invalid filter 'nosuch'"],
    [{ status: ['x'] }, "invalid filter 'status=x'"],
    [{ exited: ['x'] }, "invalid filter 'exited=x'"],
    [{ health: ['x'] }, "invalid filter 'health=x'"],
    [{ publish: ['x'] }, "invalid filter 'publish=x'"],
    [{ since: ['nosuch'] }, 'No such container: nosuch'],
    [{ name: ['(a+)+$'] }, 'invalid filter'],
  ] as [Record<string, string[]>, string][])('refuses %j', async (filters, message) => {
    const { host, names } = await scene();
    await using _ = host;
    await expect(names(filters)).rejects.toThrow(message);
  });
});
