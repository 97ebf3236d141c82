import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, connectApi, type Outcome } from '../support/api.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

// Every field of ContainerConfig and of the networking part, seen from inside the container.

const Image = 'gantry/busybox:latest';
let engine: TestEngine;
let api: Api;

beforeAll(async () => {
  engine = await startEngine();
  api = connectApi(() => engine.socket);
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const sh = (script: string, config: Record<string, unknown> = {}): Promise<Outcome> =>
  api.run({ Image, Cmd: ['sh', '-c', script], ...config });

describe('what a process sees', () => {
  const cases: [name: string, config: Record<string, unknown>, script: string, seen: string | RegExp][] = [
    ['Hostname', { Hostname: 'web' }, 'hostname; cat /etc/hostname; grep -c web /etc/hosts', 'web\nweb\n1'],
    [
      'Domainname',
      { Hostname: 'web', Domainname: 'x.test' },
      'cat /proc/sys/kernel/domainname; tail -1 /etc/hosts',
      /^x\.test\n\S+\tweb\.x\.test web$/,
    ],
    ['User by name', { User: 'nobody' }, 'id -u; id -g', '65534\n65534'],
    ['User by uid and gid', { User: '1234:4321' }, 'id -u; id -g; echo $HOME', '1234\n4321\n/'],
    ['Env, later ones win', { Env: ['A=1', 'B=x=y', 'A=2', 'EMPTY='] }, 'echo "$A $B [$EMPTY]"', '2 x=y []'],
    ['Env defaults', { Hostname: 'h' }, 'echo $PATH $HOSTNAME $HOME', /^\S*\/bin\S* h \/root$/],
    ['WorkingDir, made when missing', { WorkingDir: '/new/dir' }, 'pwd', '/new/dir'],
    ['Tty', { Tty: true }, 'tty; echo $TERM', '/dev/pts/0\nxterm'],
    ['Volumes', { Volumes: { '/data': {} } }, 'awk \'$2=="/data"{print $4}\' /proc/mounts', /^rw/],
    ['NetworkDisabled', { NetworkDisabled: true }, 'ls /sys/class/net', 'lo'],
  ];
  test.each(cases)('%s', async (_name, config, script, seen) => {
    const { output } = await sh(script, config);
    if (typeof seen === 'string') expect(output).toBe(seen);
    else expect(output).toMatch(seen);
  });

  test('Cmd and Entrypoint as a list, as a string and taken away', async () => {
    expect((await api.run({ Image, Entrypoint: ['echo', 'a b'], Cmd: ['c'] })).output).toBe('a b c');
    expect((await api.run({ Image, Entrypoint: 'hostname', Cmd: null, Hostname: 'x' })).output).toBe('x');
    expect((await api.run({ Image, Entrypoint: [''], Cmd: ['echo', 'bare'] })).output).toBe('bare');
  });

  test('a domain in the host name is kept whole', async () => {
    expect((await sh('hostname; tail -1 /etc/hosts', { Hostname: 'a.b.c' })).output).toMatch(
      /^a\.b\.c\n\S+\ta\.b\.c a$/,
    );
  });

  test('MacAddress, of the configuration and of an endpoint', async () => {
    const show = 'cat /sys/class/net/eth0/address';
    expect((await sh(show, { MacAddress: '02:00:00:00:00:07' })).output).toBe('02:00:00:00:00:07');
    const NetworkingConfig = { EndpointsConfig: { bridge: { MacAddress: '02-00-00-00-00-AB' } } };
    expect((await sh(show, { NetworkingConfig })).output).toBe('02:00:00:00:00:ab');
  });
});

describe('stopping', () => {
  const trap = 'trap "exit 5" TERM; trap "exit 7" USR1; while :; do sleep .05; done';

  test('StopSignal is sent by stop, and StopTimeout ends the patience', async () => {
    const polite = await api.start({ Image, Cmd: ['sh', '-c', trap], StopSignal: 'SIGUSR1' });
    await api.call('POST', `/containers/${polite}/stop`);
    const deaf = await api.start({ Image, Cmd: ['sleep', '100'], StopTimeout: 1 });
    const since = Date.now();
    await api.call('POST', `/containers/${deaf}/stop`);
    expect(Date.now() - since).toBeLessThan(5000);
    const codeOf = async (id: string) => (await api.call('GET', `/containers/${id}/json`)).body.State.ExitCode;
    expect([await codeOf(polite), await codeOf(deaf)]).toEqual([7, 137]);
    await Promise.all([polite, deaf].map((id) => api.call('DELETE', `/containers/${id}?force=1`)));
  });

  test('signal and t of stop and restart win over the container', async () => {
    const id = await api.start({ Image, Cmd: ['sh', '-c', trap] });
    await until(async () => (await api.call('GET', `/containers/${id}/top?ps_args=-o,pid`)).status < 500, 'the trap');
    await api.call('POST', `/containers/${id}/stop?signal=USR1&t=20`);
    expect((await api.call('GET', `/containers/${id}/json`)).body.State.ExitCode).toBe(7);
    expect((await api.call('POST', `/containers/${id}/stop?signal=NOSUCH`)).body.message).toContain('NOSUCH');
    expect((await api.call('POST', `/containers/${id}/stop?t=abc`)).status).toBe(400);
    await api.call('DELETE', `/containers/${id}?force=1`);
  });
});

describe('healthchecks', () => {
  const inspect = async (id: string) => (await api.call('GET', `/containers/${id}/json`)).body.State.Health;
  const MS = 1_000_000;

  test('NONE switches it off; CMD and CMD-SHELL are probed, Shell is used', async () => {
    const none = await api.start({ Image, Cmd: ['sleep', '60'], Healthcheck: { Test: ['NONE'] } });
    expect(await inspect(none)).toBeUndefined();
    const Healthcheck = { Test: ['CMD-SHELL', 'echo shell $0; exit 1'], Interval: 50 * MS, Retries: 2 };
    const shell = await api.start({ Image, Cmd: ['sleep', '60'], Healthcheck, Shell: ['/bin/busybox', 'sh', '-c'] });
    await until(async () => (await inspect(shell)).Status === 'unhealthy', 'unhealthy after two failures');
    const health = await inspect(shell);
    expect(health.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(health.Log[0]).toMatchObject({ ExitCode: 1, Output: expect.stringContaining('shell') });
    await Promise.all([none, shell].map((id) => api.call('DELETE', `/containers/${id}?force=1`)));
  });

  test('StartInterval is the pace of the start period, in which failures do not count', async () => {
    const Healthcheck = {
      Test: ['CMD', 'test', '-e', '/ready'],
      Interval: 3_600_000 * MS,
      StartPeriod: 600_000 * MS,
      StartInterval: 60 * MS,
      Retries: 1,
    };
    const id = await api.start({ Image, Cmd: ['sleep', '60'], Healthcheck });
    await until(async () => (await inspect(id)).Log.length >= 2, 'two probes of the start period');
    expect(await inspect(id)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    await api.exec(id, ['touch', '/ready']);
    await until(async () => (await inspect(id)).Status === 'healthy', 'healthy');
    await api.call('DELETE', `/containers/${id}?force=1`);
  });

  test('Timeout ends a probe that hangs', async () => {
    const Healthcheck = { Test: ['CMD', 'sleep', '600'], Interval: 50 * MS, Timeout: 200 * MS, Retries: 1 };
    const id = await api.start({ Image, Cmd: ['sleep', '60'], Healthcheck });
    await until(async () => (await inspect(id)).Status === 'unhealthy', 'unhealthy');
    expect((await inspect(id)).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: expect.stringMatching(/exceeded timeout/),
    });
    await api.call('DELETE', `/containers/${id}?force=1`);
  });
});

describe('networking', () => {
  test('names, addresses, aliases and links of an endpoint', async () => {
    const IPAM = { Config: [{ Subnet: '10.97.31.0/24', Gateway: '10.97.31.1' }] };
    const { body: network } = await api.call('POST', '/networks/create', { Name: 'fields', IPAM });
    const target = await api.start(
      {
        Image,
        Cmd: ['sleep', '60'],
        HostConfig: { NetworkMode: 'fields' },
        NetworkingConfig: {
          EndpointsConfig: { fields: { IPAMConfig: { IPv4Address: '10.97.31.77' }, Aliases: ['db'] } },
        },
      },
      'fields-target',
    );
    try {
      const script = 'for i in db fields-target other here; do ping -c 1 -W 2 $i | head -1; done';
      const { output } = await sh(script, {
        HostConfig: { NetworkMode: 'fields', Links: ['fields-target:other'] },
        NetworkingConfig: { EndpointsConfig: { fields: { Links: ['fields-target:here'] } } },
      });
      expect(output.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual(
        ['db', 'fields-target', 'other', 'here'].map((name) => `PING ${name} (10.97.31.77)`),
      );
    } finally {
      await api.call('DELETE', `/containers/${target}?force=1`);
      await api.call('DELETE', `/networks/${network.Id}`);
    }
  });

  test('a container without a network of its own uses another one’s, with its names', async () => {
    const other = await api.start({ Image, Cmd: ['sleep', '60'], Hostname: 'owner' });
    const NetworkMode = `container:${other}`;
    const show = 'readlink /proc/1/ns/net; tail -1 /etc/hosts';
    try {
      const { output } = await sh(show, { HostConfig: { NetworkMode } });
      expect(output).toBe((await api.exec(other, ['sh', '-c', show])).output);
    } finally {
      await api.call('DELETE', `/containers/${other}?force=1`);
    }
  });

  test('links on the default bridge are names', async () => {
    const other = await api.start({ Image, Cmd: ['sleep', '60'] }, 'link-target');
    try {
      const { output } = await sh('grep -w db /etc/hosts', { HostConfig: { Links: ['link-target:db'] } });
      const { body } = await api.call('GET', `/containers/${other}/json`);
      expect(output).toMatch(new RegExp(`^${body.NetworkSettings.IPAddress}\\s+db\\b.*link-target`));
    } finally {
      await api.call('DELETE', `/containers/${other}?force=1`);
    }
  });
});
