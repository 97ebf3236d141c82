import { Readable } from 'node:stream';
import { json as readJson, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { DockerRequest, DockerResponse } from '#api/http/route.ts';
import type { ContainerRecord, ContainerState } from '#core/containers/types.ts';
import { createFakeContainers } from '#test/fakes/containers.ts';
import { humanDuration, statusText } from './container-status.ts';
import { toInspect, toSummary } from './container-to-docker.ts';
import { containersRoutes } from './containers.ts';

const NOW = 1_800_000_000_000_000_000n;

async function createApi() {
  const host = await createFakeContainers();
  const images = { resolve: async (name: string) => [...host.images.values()].find(() => name === 'box') as never };
  const routes = containersRoutes({ containers: host.containers, images, execIds: () => [], now: () => NOW });
  async function call(method: string, path: string, request: { query?: string; json?: unknown; id?: string } = {}) {
    const route = routes.find((it) => it.method === method && it.path === path);
    if (!route) throw new Error(`no route ${method} ${path}`);
    return route.handler({
      method,
      path,
      version: '1.51',
      params: request.id === undefined ? {} : { id: request.id },
      query: new URLSearchParams(request.query),
      headers: {},
      json: request.json,
      body: Readable.from([]),
      actor: { kind: 'socket', id: 'socket', name: 'socket', from: 'unix' },
      signal: new AbortController().signal,
      hijack: () => {
        throw new Error('not hijacked here');
      },
    } satisfies DockerRequest);
  }
  const create = async (json: unknown, query = '') => {
    const answer = await call('POST', '/containers/create', { json, query });
    return (answer as Extract<DockerResponse, { kind: 'json' }>).body as { Id: string; Warnings: string[] };
  };
  return { ...host, call, create };
}

describe('POST /containers/create', () => {
  it('answers 201 with id and warnings', async () => {
    await using api = await createApi();
    const answer = await api.call('POST', '/containers/create', { json: { Image: 'box' }, query: 'name=web' });
    expect(answer).toMatchObject({ status: 201, body: { Id: expect.stringMatching(/^[0-9a-f]{64}$/), Warnings: [] } });
    expect(api.containers.resolve('web')).toBeDefined();
  });

  it('reads names in any case, a command as a word, null as absent, and ignores the unknown', async () => {
    await using api = await createApi();
    const { Id } = await api.create({
      image: 'box',
      CMD: 'true',
      Env: null,
      Labels: JSON.parse('{"__proto__": "p", "constructor": "c"}'),
      hostconfig: { memory: 64 * 1024 * 1024, PORTBINDINGS: { '80': [{ hostport: '8080' }] }, Mounts: null, NoSuch: 1 },
      networkingconfig: { endpointsconfig: { mine: { aliases: ['a'] }, bridge: null } },
      nosuch: {},
    });
    const record = api.containers.resolve(Id);
    expect(record).toMatchObject({
      path: 'true',
      hostConfig: { Memory: 64 * 1024 * 1024, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
      networks: { mine: { Aliases: ['a'] }, bridge: {} },
    });
    expect(Object.keys(record.config.Labels)).toEqual(['__proto__', 'constructor']);
  });

  it.each([
    [undefined, 'invalid JSON: got EOF while reading request body'],
    [[], 'invalid JSON'],
    [{ Image: 1 }, 'Image'],
    [{ Image: 'box', Cmd: [1] }, 'Cmd'],
    [{ Image: 'box', Env: 'A=1' }, 'Env'],
    [{ Image: 'box', Tty: 'yes' }, 'Tty'],
    [{ Image: 'box', Labels: ['a'] }, 'Labels'],
    [{ Image: 'box', Labels: { a: 1 } }, 'Labels.a'],
    [{ Image: 'box', HostConfig: [] }, 'HostConfig'],
    [{ Image: 'box', HostConfig: { Memory: '64m' } }, 'HostConfig.Memory'],
    [{ Image: 'box', HostConfig: { Memory: 1.5 } }, 'HostConfig.Memory'],
    [{ Image: 'box', HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 80 }] } } }, 'HostConfig.PortBindings'],
    [{ Image: 'box', HostConfig: { Mounts: [{ Type: 1 }] } }, 'HostConfig.Mounts.0.Type'],
    [{ Image: 'box', NetworkingConfig: { EndpointsConfig: { a: 1 } } }, 'NetworkingConfig.EndpointsConfig.a'],
  ])('refuses %j, naming the field', async (json, message) => {
    await using api = await createApi();
    await expect(api.create(json)).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });
});

describe('the verbs', () => {
  it('answer as Docker does', async () => {
    await using api = await createApi();
    const { Id: id } = await api.create({ Image: 'box' }, 'name=web');
    const post = (verb: string, query = '') => api.call('POST', `/containers/{id}/${verb}`, { id, query });
    expect(await post('start')).toEqual({ kind: 'empty', status: 204 });
    await expect(post('start')).rejects.toMatchObject({ code: 'not_modified' });
    expect(await post('pause')).toMatchObject({ status: 204 });
    expect(await post('unpause')).toMatchObject({ status: 204 });
    expect(await post('resize', 'h=10&w=20')).toMatchObject({ status: 200 });
    await expect(post('resize', 'h=x&w=20')).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(post('stop', 't=x')).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(await post('rename', 'name=new')).toMatchObject({ status: 204 });
    const update = { id, json: { memory: 64 * 1024 * 1024 } };
    expect(await api.call('POST', '/containers/{id}/update', update)).toMatchObject({ body: { Warnings: [] } });
    expect(await post('restart', 't=1')).toMatchObject({ status: 204 });
    expect(await post('stop', 't=1')).toMatchObject({ status: 204 });
    await expect(post('stop')).rejects.toMatchObject({ code: 'not_modified' });
    expect(await api.call('DELETE', '/containers/{id}', { id })).toMatchObject({ status: 204 });
    await expect(post('start')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('wait streams its answer, and refuses what it does not know', async () => {
    await using api = await createApi();
    const { Id: id } = await api.create({ Image: 'box' });
    await api.containers.start(id);
    const answer = await api.call('POST', '/containers/{id}/wait', { id, query: 'condition=next-exit' });
    if (answer.kind !== 'stream') throw new Error('wait must answer at once');
    api.exit(id, 4);
    expect(await readJson(answer.body)).toEqual({ StatusCode: 4 });
    await expect(api.call('POST', '/containers/{id}/wait', { id, query: 'condition=x' })).rejects.toThrow(
      'invalid condition',
    );
    await expect(api.call('POST', '/containers/{id}/wait', { id: 'nosuch' })).rejects.toThrow(
      'No such container: nosuch',
    );
  });

  it('wait tells the code of a container that is gone', async () => {
    await using api = await createApi();
    const { Id: id } = await api.create({ Image: 'box', HostConfig: { AutoRemove: true } });
    const answer = await api.call('POST', '/containers/{id}/wait', { id, query: 'condition=removed' });
    await api.containers.start(id);
    api.exit(id, 2);
    if (answer.kind !== 'stream') throw new Error('wait must answer at once');
    expect(await text(answer.body)).toBe('{"StatusCode":2}\n');
  });

  it('list, inspect and prune', async () => {
    await using api = await createApi();
    const { Id: id } = await api.create({ Image: 'box', Labels: { a: 'b' } }, 'name=web');
    const list = await api.call('GET', '/containers/json', { query: 'all=1&size=1' });
    expect(list).toMatchObject({ body: [{ Id: id, Image: 'box', State: 'created', Status: 'Created', SizeRw: 10 }] });
    await expect(api.call('GET', '/containers/json', { query: 'filters={"nosuch":["1"]}' })).rejects.toThrow(
      "invalid filter 'nosuch'",
    );
    const inspect = await api.call('GET', '/containers/{id}/json', { id: 'web', query: 'size=1' });
    expect(inspect).toMatchObject({
      body: { Id: id, Name: '/web', SizeRootFs: 100, GraphDriver: { Name: 'overlay2', Data: { LowerDir: '/l' } } },
    });
    expect(await api.call('POST', '/containers/prune')).toMatchObject({
      body: { ContainersDeleted: [id], SpaceReclaimed: 10 },
    });
  });
});

/** One of everything that a shape can hold. */
async function fixedRecord(): Promise<ContainerRecord> {
  await using api = await createApi();
  const { Id } = await api.create(
    {
      Image: 'box',
      Cmd: ['sh', '-c', 'exit 3'],
      Labels: { a: 'b' },
      ExposedPorts: { '53/udp': {} },
      MacAddress: '02:42:ac:11:00:09',
      Healthcheck: { Test: ['CMD', 'true'], Interval: 3_600_000_000_000 },
      HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] }, Binds: ['/host:/b:ro', 'data:/d'] },
    },
    'name=web',
  );
  await api.containers.start(Id);
  const record = api.containers.resolve(Id);
  const text = JSON.stringify(record)
    .replaceAll(Id, 'c'.repeat(64))
    .replaceAll(Id.slice(0, 12), 'c'.repeat(12))
    .replaceAll(api.root, '/data')
    .replaceAll(api.network.networks.get('bridge')?.id ?? '', 'b'.repeat(64));
  const fixed = JSON.parse(text) as ContainerRecord;
  return {
    ...fixed,
    created: '2027-01-15T07:00:00.000000000Z',
    state: { ...fixed.state, startedAt: '2027-01-15T07:55:00.000000000Z' },
  };
}

const golden = (name: string) => `../../../test/golden/${name}.json`;
const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

describe('shapes', () => {
  it('GET /containers/json', async () => {
    const shape = toSummary(await fixedRecord(), { image: 'box', now: NOW, size: { rw: 1, rootFs: 2 } });
    await expect(pretty([shape])).toMatchFileSnapshot(golden('containers-json'));
  });

  it('GET /containers/{id}/json', async () => {
    const shape = toInspect(await fixedRecord(), {
      execIds: [],
      graph: {
        merged: '/m',
        mounts: [
          {
            type: 'overlay',
            source: 'overlay',
            target: '/m',
            options: ['lowerdir=/a:/b', 'upperdir=/u', 'workdir=/w'],
          },
        ],
      },
    });
    expect(pretty(shape)).not.toContain('Desired');
    await expect(pretty(shape)).toMatchFileSnapshot(golden('container-inspect'));
  });
});

describe('status', () => {
  const at = (secondsAgo: number): string => new Date(Number(NOW / 1_000_000n) - secondsAgo * 1000).toISOString();
  const state = (patch: Partial<ContainerState>): ContainerState => ({
    status: 'running',
    pid: 1,
    pidStartTime: 1,
    exitCode: 0,
    oomKilled: false,
    error: '',
    startedAt: at(300),
    finishedAt: at(2),
    stoppedByUser: false,
    ...patch,
  });
  const health = (Status: 'healthy' | 'starting' | 'unhealthy') => ({ health: { Status, FailingStreak: 0, Log: [] } });

  it.each([
    [{}, 'Up 5 minutes'],
    [health('healthy'), 'Up 5 minutes (healthy)'],
    [health('starting'), 'Up 5 minutes (health: starting)'],
    [{ status: 'paused' }, 'Up 5 minutes (Paused)'],
    [{ status: 'exited', exitCode: 3 }, 'Exited (3) 2 seconds ago'],
    [{ status: 'restarting', exitCode: 1 }, 'Restarting (1) 2 seconds ago'],
    [{ status: 'created', startedAt: '0001-01-01T00:00:00Z' }, 'Created'],
    [{ status: 'removing' }, 'Removal In Progress'],
    [{ status: 'dead' }, 'Dead'],
  ] as [Partial<ContainerState>, string][])('%j is %s', (patch, expected) => {
    expect(statusText(state(patch), NOW)).toBe(expected);
  });

  it.each([
    [0.5, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [46 * 60, '46 minutes'],
    [60 * 60, 'About an hour'],
    [47 * 3600, '47 hours'],
    [3 * 86_400, '3 days'],
    [21 * 86_400, '3 weeks'],
    [90 * 86_400, '3 months'],
    [800 * 86_400, '2 years'],
  ])('%d s are %s', (seconds, expected) => {
    expect(humanDuration(seconds)).toBe(expected);
  });
});
