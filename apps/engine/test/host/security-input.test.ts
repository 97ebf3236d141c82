import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../../../../e2e/support/engine.ts';

const IMAGE = 'gantry/busybox';
let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

function post(path: string, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = httpRequest({ socketPath: engine.socket, method: 'POST', path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.once('error', reject);
    call.end(JSON.stringify(body));
  });
}

/** `{ 'HostConfig.Memory': 1 }` as the object it names. */
function nested(path: string, value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path.split('/');
  return { [first]: rest.length === 0 ? value : nested(rest.join('/'), value) };
}
const create = (path: string, value: unknown) =>
  post('/containers/create?name=refused', { Image: IMAGE, ...nested(path, value) });
const left = async () => (await engine.docker('ps', '-aq')).trim();

describe('a line of a configuration file cannot be smuggled in', () => {
  const strings: [string, (evil: string) => unknown][] = [
    ['Hostname', (evil) => `host${evil}x`],
    ['Domainname', (evil) => `domain${evil}x`],
    ['HostConfig/ExtraHosts', (evil) => [`name${evil}x:1.2.3.4`]],
    ['HostConfig/ExtraHosts', (evil) => [`name:1.2.3.4${evil}`]],
    ['HostConfig/Dns', (evil) => [`1.2.3.4${evil}`]],
    ['HostConfig/DnsSearch', (evil) => [`example${evil}x`]],
    ['HostConfig/DnsOptions', (evil) => [`ndots:1${evil}x`]],
    ['NetworkingConfig/EndpointsConfig/bridge/Aliases', (evil) => [`alias${evil}x`]],
    ['HostConfig/Links', (evil) => [`other${evil}:x`]],
    ['HostConfig/CgroupParent', (evil) => `a${evil}b`],
    ['HostConfig/Binds', (evil) => [`vol${evil}ume:/x`]],
  ];
  test.each(strings)('%s', async (path, make) => {
    for (const evil of ['\n', '\r', '\0', '\n127.0.0.1 registry.example', '\x1b[2J', ' ; ']) {
      const { status, text } = await create(path, make(evil));
      // Where the command line itself lets blanks pass, so does Docker: they end no line.
      if (evil === ' ; ' && status === 201) {
        await engine.docker('rm', 'refused');
        continue;
      }
      expect([400, 404], `${path} ${JSON.stringify(evil)}: ${text}`).toContain(status);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(JSON.parse(text).message).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
      expect(await left()).toBe('');
    }
  });

  test.each(['a\nb', '-a', '.a', 'a/b', '../a', 'a b', 'é', 'a\0', `a${'b'.repeat(300)}`])(
    'names: %j is none for a container, a volume or a network',
    async (name) => {
      expect((await post(`/containers/create?name=${encodeURIComponent(name)}`, { Image: IMAGE })).status).toBe(400);
      for (const path of ['/volumes/create', '/networks/create']) {
        const { status, text } = await post(path, { Name: name });
        expect(status, `${path} ${text}`).toBe(400);
      }
      expect(await left()).toBe('');
    },
  );
});

describe('a number that cannot be is refused, never ignored', () => {
  const numbers = [
    ...[
      'Memory',
      'MemoryReservation',
      'MemorySwap',
      'MemorySwappiness',
      'NanoCpus',
      'CpuShares',
      'CpuPeriod',
      'CpuQuota',
    ],
    ...['CpuRealtimePeriod', 'CpuRealtimeRuntime', 'BlkioWeight', 'PidsLimit', 'OomScoreAdj', 'ShmSize'],
  ];
  test.each(numbers)('HostConfig.%s', async (name) => {
    for (const value of [-7, 1.5, 1e19, '1', true, [], {}, Number.MAX_SAFE_INTEGER]) {
      // What a kernel takes as "no limit" may pass, and is then shown as it was asked for.
      const { status, text } = await create(`HostConfig/${name}`, value);
      if (status === 201) {
        const shown = await engine.docker('inspect', '-f', `{{json .HostConfig.${name}}}`, 'refused');
        await engine.docker('rm', 'refused');
        expect([name, JSON.parse(shown)]).toEqual([name, value]);
        expect([name, value], 'accepted').toEqual([name, Number.isSafeInteger(value) ? value : 'refused']);
      } else expect(status, `${name} ${JSON.stringify(value)}: ${text}`).toBe(400);
    }
    expect(await left()).toBe('');
  });

  test.each([
    ['StopTimeout', ['x', 1.5, {}]],
    ['Tty', ['x', 1, {}]],
    ['Env', ['x', [1], { a: 1 }]],
    ['Labels', ['x', [1], { a: 1 }]],
    ['ExposedPorts', ['x', { '0/tcp': {} }, { '65536/tcp': {} }, { '-1/tcp': {} }]],
    ['Healthcheck', ['x', { Interval: -1 }, { Retries: -1 }, { Timeout: 'x' }]],
    ['HostConfig/Ulimits', ['x', [{ Name: 'nofile', Soft: -5, Hard: -6 }], [{ Name: 'nofile', Soft: 'x', Hard: 1 }]]],
    [
      'HostConfig/PortBindings',
      [
        { '80/tcp': [{ HostPort: '70000' }] },
        { '80/tcp': [{ HostPort: '-1' }] },
        { '80/tcp': [{ HostIp: '999.1.1.1', HostPort: '1' }] },
      ],
    ],
    ['HostConfig/RestartPolicy', [{ Name: 'on-failure', MaximumRetryCount: -1 }, { Name: 1 }]],
    [
      'HostConfig/LogConfig',
      [
        { Type: 'json-file', Config: { 'max-size': 'x' } },
        { Type: 'json-file', Config: { 'max-file': '0' } },
      ],
    ],
    ['HostConfig/Tmpfs', [{ '/x': 'size=x' }, { x: '' }]],
  ] as [string, unknown[]][])('%s', async (path, values) => {
    for (const value of values) {
      const { status, text } = await create(path, value);
      expect([status, JSON.stringify(value), text], path).toEqual([400, JSON.stringify(value), expect.any(String)]);
    }
    expect(await left()).toBe('');
  });
});
