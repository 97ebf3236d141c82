import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Api, connectApi } from '../support/api.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

// Verbs of the container and exec API with each of their parameters.

const Image = 'gantry/busybox:latest';
const SLEEP = { Image, Cmd: ['sleep', '300'] };
let engine: TestEngine;
let api: Api;

beforeAll(async () => {
  engine = await startEngine();
  api = connectApi(() => engine.socket);
});
afterEach(async () => {
  for (const { Id } of (await api.call('GET', '/containers/json?all=1')).body) {
    await api.call('DELETE', `/containers/${Id}?force=1&v=1`);
  }
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const state = async (id: string) => (await api.call('GET', `/containers/${id}/json`)).body.State;
const inspect = async (id: string) => (await api.call('GET', `/containers/${id}/json`)).body;
const create = async (config: object, name = ''): Promise<string> =>
  (await api.call('POST', `/containers/create?name=${name}`, config)).body.Id;

describe('restart policies', () => {
  const failing = { Image, Cmd: ['sh', '-c', 'echo run >> /count/n; exit 3'] };

  test('on-failure:2 starts again twice, with a pause that grows, and then no more', async () => {
    const RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 };
    const since = Date.now();
    const id = await api.start({ ...failing, HostConfig: { RestartPolicy, Binds: ['count:/count'] } });
    await until(async () => (await inspect(id)).RestartCount === 2 && !(await state(id)).Running, 'two restarts');
    // 100 ms before the first, 200 ms before the second.
    expect(Date.now() - since).toBeGreaterThanOrEqual(300);
    expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 3, Restarting: false });
  });

  test('a stop ends it, a kill of the process does not', async () => {
    const id = await api.start({ ...SLEEP, HostConfig: { RestartPolicy: { Name: 'always' } } });
    const { Pid } = await state(id);
    process.kill(Pid, 'SIGKILL');
    await until(async () => (await state(id)).Running && (await state(id)).Pid !== Pid, 'another process');
    await api.call('POST', `/containers/${id}/stop?t=0`);
    expect(await state(id)).toMatchObject({ Status: 'exited', Running: false });
  });

  test('across an engine that was killed: always comes back, what a user stopped does not', async () => {
    const policy = (Name: string) => ({ ...SLEEP, HostConfig: { RestartPolicy: { Name } } });
    const [always, unless, stopped] = [
      await api.start(policy('always'), 'always'),
      await api.start(policy('unless-stopped'), 'unless'),
      await api.start(policy('unless-stopped'), 'stopped'),
    ];
    await api.call('POST', `/containers/${stopped}/stop?t=0`);
    const pids = [(await state(always)).Pid, (await state(unless)).Pid];
    await engine.crash();
    // What a reboot leaves: no process of any container.
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await engine.restart();
    for (const id of [always, unless]) await until(async () => (await state(id)).Running, 'back again');
    expect((await state(stopped)).Running).toBe(false);
  });

  test('AutoRemove takes the container and its anonymous volumes away', async () => {
    const id = await api.start({ Image, Cmd: ['true'], Volumes: { '/v': {} }, HostConfig: { AutoRemove: true } });
    await until(async () => (await api.call('GET', `/containers/${id}/json`)).status === 404, 'removal');
    const anonymous = async () =>
      (await api.call('GET', '/volumes')).body.Volumes.filter(({ Name }: { Name: string }) => Name.length === 64);
    await until(async () => (await anonymous()).length === 0, 'the volume to go with its container');
  });
});

describe('wait', () => {
  test('conditions: not-running at once, next-exit and removed when they come', async () => {
    const id = await create(SLEEP);
    expect((await api.call('POST', `/containers/${id}/wait`)).body).toEqual({ StatusCode: 0 });
    const next = api.call('POST', `/containers/${id}/wait?condition=next-exit`);
    const removed = api.call('POST', `/containers/${id}/wait?condition=removed`);
    await api.call('POST', `/containers/${id}/start`);
    await api.call('POST', `/containers/${id}/kill?signal=SIGKILL`);
    expect((await next).body).toEqual({ StatusCode: 137 });
    await api.call('DELETE', `/containers/${id}`);
    expect((await removed).body).toEqual({ StatusCode: 137 });
    expect((await api.call('POST', `/containers/${id}/wait?condition=nosuch`)).status).toBe(400);
  });
});

describe('list', () => {
  test('every filter', async () => {
    const network = (await api.call('POST', '/networks/create', { Name: 'listed' })).body.Id;
    const one = await api.start(
      {
        ...SLEEP,
        Labels: { a: '1' },
        ExposedPorts: { '7000/tcp': {} },
        Healthcheck: { Test: ['CMD', 'true'], Interval: 50_000_000 },
        HostConfig: { NetworkMode: 'listed', Binds: ['listed:/v'], PortBindings: { '80/tcp': [{ HostPort: '' }] } },
      },
      'one',
    );
    const two = await api.start({ Image, Cmd: ['sh', '-c', 'exit 4'] }, 'two');
    await until(async () => (await state(two)).Status === 'exited', 'the end of two');
    await until(async () => (await state(one)).Health.Status === 'healthy', 'healthy');
    const port = (await inspect(one)).NetworkSettings.Ports['80/tcp'][0].HostPort;
    const names = async (filters: Record<string, string[]>): Promise<string> => {
      const query = encodeURIComponent(JSON.stringify(filters));
      const { status, body } = await api.call('GET', `/containers/json?all=1&filters=${query}`);
      return status === 200 ? body.map(({ Names }: { Names: string[] }) => Names[0]?.slice(1)).join() : body.message;
    };
    for (const [filters, expected] of [
      [{ ancestor: [Image] }, 'two,one'],
      [{ before: ['two'] }, 'one'],
      [{ since: ['one'] }, 'two'],
      [{ expose: ['7000'] }, 'one'],
      [{ publish: [port] }, 'one'],
      [{ publish: [`${port}/tcp`] }, 'one'],
      [{ exited: ['4'] }, 'two'],
      [{ health: ['healthy'] }, 'one'],
      [{ health: ['none'] }, 'two'],
      [{ id: [one.slice(0, 12)] }, 'one'],
      [{ name: ['^/tw'] }, 'two'],
      [{ label: ['a'] }, 'one'],
      [{ label: ['a=2'] }, ''],
      [{ 'label!': ['a'] }, 'two'],
      [{ network: ['listed'] }, 'one'],
      [{ network: [network] }, 'one'],
      [{ volume: ['listed'] }, 'one'],
      [{ volume: ['/v'] }, 'one'],
      [{ status: ['exited', 'running'] }, 'two,one'],
      [{ 'is-task': ['false'] }, 'two,one'],
      [{ isolation: ['default'] }, 'two,one'],
      [{ nosuch: ['x'] }, "invalid filter 'nosuch'"],
      [{ status: ['nosuch'] }, "invalid filter 'status=nosuch'"],
    ] as [Record<string, string[]>, string][]) {
      const found = await names(filters);
      expect([filters, found]).toEqual([filters, expected]);
    }
    const limited = (await api.call('GET', '/containers/json?limit=1&size=1')).body;
    expect(limited).toMatchObject([{ Names: ['/two'], SizeRootFs: expect.any(Number), SizeRw: expect.any(Number) }]);
    await api.call('DELETE', `/containers/${one}?force=1`);
    await api.call('DELETE', `/networks/${network}`);
  });
});

describe('removal', () => {
  test('running is refused, force and v; a link is removed by its path', async () => {
    const id = await api.start({ ...SLEEP, Volumes: { '/v': {} } }, 'target');
    expect((await api.call('DELETE', `/containers/${id}`)).status).toBe(409);
    const linked = await create({ ...SLEEP, HostConfig: { Links: ['target:db'] } }, 'linked');
    expect((await inspect(linked)).HostConfig.Links).toEqual(['target:db']);
    await engine.docker('rm', '--link', 'linked/db');
    expect((await inspect(linked)).HostConfig.Links).toBeNull();
    expect((await api.call('DELETE', '/containers/linked/db?link=1')).status).toBe(404);
    expect((await api.call('DELETE', '/containers/linked/db')).status).toBe(404);
    const [{ Name }] = (await inspect(id)).Mounts;
    await api.call('DELETE', `/containers/${id}?force=1&v=1`);
    expect((await api.call('GET', `/volumes/${Name}`)).status).toBe(404);
  });
});

describe('exec', () => {
  test('every field reaches the process', async () => {
    const id = await api.start({ ...SLEEP, Env: ['A=image', 'B=kept'] });
    const run = (script: string, config = {}) => api.exec(id, ['sh', '-c', script], config);
    expect(await run('id -u; pwd; echo $A $B; exit 9', { User: 'nobody', WorkingDir: '/tmp', Env: ['A=own'] })).toEqual(
      {
        exitCode: 9,
        output: '65534\n/tmp\nown kept',
      },
    );
    const size = { Tty: true, ConsoleSize: [33, 77] };
    expect((await run('tty; stty size', size)).output).toMatch(/^\/dev\/pts\/\d+\n33 77$/);
    expect((await run('grep CapEff /proc/self/status')).output).toContain('00000000a80425fb');
    const own = /CapBnd:\s+(\S+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '?';
    expect((await run('grep CapEff /proc/self/status', { Privileged: true })).output).toContain(own);
    expect((await run('echo out; echo err >&2', { AttachStdout: false })).output).toBe('err');
  });

  test('detached: the answer comes when it runs, with its pid; what cannot start is the answer', async () => {
    const id = await api.start(SLEEP);
    const { Id } = (await api.call('POST', `/containers/${id}/exec`, { Cmd: ['sleep', '200'] })).body;
    expect(await api.call('POST', `/exec/${Id}/start`, { Detach: true })).toMatchObject({ status: 200, body: '' });
    const { Pid, Running } = (await api.call('GET', `/exec/${Id}/json`)).body;
    expect(Running).toBe(true);
    expect(await readFile(`/proc/${Pid}/cmdline`, 'latin1')).toBe(['sleep', '200', ''].join('\0'));
    const bad = (await api.call('POST', `/containers/${id}/exec`, { Cmd: ['nosuch'] })).body.Id;
    const answer = await api.call('POST', `/exec/${bad}/start`, { Detach: true });
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(/"nosuch".*not found/) } });
    expect((await api.call('GET', `/exec/${bad}/json`)).body).toMatchObject({ Running: false, ExitCode: 127 });
  });
});

describe('observing', () => {
  test('top takes ps options, stats both kinds, logs their bounds', async () => {
    const id = await api.start({ Image, Cmd: ['sh', '-c', 'echo one; echo two >&2; exec sleep 300'] });
    const top = (await api.call('GET', `/containers/${id}/top?ps_args=${encodeURIComponent('-o pid,args')}`)).body;
    expect(top).toEqual({ Titles: ['PID', 'COMMAND'], Processes: [[String((await state(id)).Pid), 'sleep 300']] });
    expect((await api.call('GET', `/containers/${id}/top?ps_args=${encodeURIComponent('-o comm')}`)).status).toBe(400);
    const shot = (await api.call('GET', `/containers/${id}/stats?stream=0&one-shot=1`)).body;
    expect(shot).toMatchObject({ id, precpu_stats: { cpu_usage: { total_usage: 0 } }, pids_stats: { current: 1 } });
    const pair = (await api.call('GET', `/containers/${id}/stats?stream=0`)).body;
    expect(pair.precpu_stats.system_cpu_usage).toBeLessThan(pair.cpu_stats.system_cpu_usage);
    const logs = async (query: string) => String((await api.call('GET', `/containers/${id}/logs?${query}`)).body);
    expect(await logs('stdout=1')).toMatch(/one\n$/);
    expect(await logs('stdout=1&stderr=1&tail=1')).toMatch(/two\n$/);
    expect(await logs('stdout=1&stderr=1&since=4000000000')).toBe('');
    expect(await logs('stdout=1&until=1.5')).toBe('');
    expect(await logs('stdout=1&timestamps=1')).toMatch(/\d{4}-\d\d-\d\dT[\d:.]{18}Z one\n$/);
    expect((await api.call('GET', `/containers/${id}/logs`)).status).toBe(400);
  });

  test('attach: what was printed, without following; one stream alone; neither', async () => {
    const id = await api.start({ Image, Cmd: ['sh', '-c', 'echo one; echo two >&2'] });
    await api.call('POST', `/containers/${id}/wait`);
    const attach = async (query: string) => String((await api.call('POST', `/containers/${id}/attach?${query}`)).body);
    expect(await attach('logs=1&stdout=1&stderr=1')).toMatch(/one\n.*two\n$/s);
    expect(await attach('logs=1&stderr=1')).toMatch(/^[^o]*two\n$/);
    expect(await attach('logs=1')).toBe('');
    expect((await api.call('POST', `/containers/${id}/attach?detachKeys=ctrl-`)).status).toBe(400);
  });

  test('events carry Docker’s attributes', async () => {
    const since = Date.now() / 1000;
    const id = await api.start({ ...SLEEP, Labels: { a: 'b' }, HostConfig: { Binds: ['seen:/v:ro'] } }, 'seen');
    await api.exec(id, ['true']);
    await api.call('POST', `/containers/${id}/kill?signal=KILL`);
    const query = `since=${since}&until=${Date.now() / 1000 + 0.5}`;
    const events = String((await api.call('GET', `/events?${query}`)).body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (Action: string) => events.find((event) => event.Action === Action)?.Actor.Attributes;
    expect(of('start')).toEqual({ a: 'b', image: Image, name: 'seen' });
    expect(of('exec_create: true ')).toMatchObject({ execID: expect.stringMatching(/^[0-9a-f]{64}$/), name: 'seen' });
    expect(of('kill')).toMatchObject({ signal: '9' });
    expect(of('die')).toMatchObject({ exitCode: '137', execDuration: '0' });
    expect(of('mount')).toEqual({
      container: id,
      driver: 'local',
      destination: '/v',
      propagation: '',
      'read/write': 'false',
    });
    expect(of('connect')).toMatchObject({ container: id, name: 'bridge', type: 'bridge' });
  });
});
