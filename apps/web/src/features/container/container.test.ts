import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { expect, test } from 'vitest';
import { exitMeaning } from './exit-code.ts';
import { isSecretName, maskedLine, quote, runLine } from './run-line.ts';

type Parts = { name?: string; config?: object; host?: object; networks?: object };

const container = ({ name = '/web', config = {}, host = {}, networks = {} }: Parts) =>
  ({
    Id: 'abcdef0123456789',
    Name: name,
    Config: {
      Image: 'nginx:1',
      Hostname: 'abcdef012345',
      Env: [],
      Cmd: [],
      Labels: {},
      User: '',
      WorkingDir: '',
      ...config,
    },
    HostConfig: {
      NetworkMode: 'default',
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: {} },
      ...host,
    },
    NetworkSettings: { Networks: networks },
    Mounts: [],
  }) as unknown as ContainerInspectInfo;

const image = {
  Config: { Env: ['PATH=/bin'], Cmd: ['nginx'], Entrypoint: ['/entry.sh'], Labels: { a: '1' }, WorkingDir: '/srv' },
} as unknown as ImageInspectInfo;

const line = (parts: Parts, from: ImageInspectInfo | null = image) => runLine(container(parts), from).join(' ');

test('what the image says already is left out', () => {
  const config = {
    Env: ['PATH=/bin', 'MODE=a b'],
    Cmd: ['nginx'],
    Entrypoint: ['/entry.sh'],
    Labels: { a: '1', b: '' },
    WorkingDir: '/srv',
  };
  expect(line({ config })).toBe("docker run -d --name web --env 'MODE=a b' --label b nginx:1");
});

test('another command and another entrypoint', () => {
  expect(line({ config: { Entrypoint: ['/entry.sh'], Cmd: ['sh', '-c', 'echo "$X" it\'s'] } })).toBe(
    `docker run -d --name web nginx:1 sh -c 'echo "$X" it'\\''s'`,
  );
  expect(line({ config: { Entrypoint: ['sleep', '5'], Cmd: ['6'] } })).toBe(
    'docker run -d --name web --entrypoint sleep nginx:1 5 6',
  );
  expect(line({ config: { Cmd: ['sh'] } })).toBe("docker run -d --name web --entrypoint '' nginx:1 sh");
});

test('an unknown image: everything is said', () => {
  expect(line({ config: { Cmd: ['sh'], Env: ['A=1'] } }, null)).toBe('docker run -d --name web --env A=1 nginx:1 sh');
});

test('ports in every form', () => {
  const PortBindings = {
    '80/tcp': [{ HostIp: '', HostPort: '8080' }],
    '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }],
    '443/tcp': [{ HostIp: '::1', HostPort: '' }],
    '9/tcp': [{ HostIp: '', HostPort: '' }],
  };
  expect(line({ host: { PortBindings } }, null)).toContain(
    "--publish 8080:80 --publish 127.0.0.1:53:53/udp --publish '[::1]::443' --publish 9",
  );
});

test('storage, limits, rights, restarts', () => {
  const host = {
    Binds: ['/data:/data:ro', 'vol:/v'],
    Mounts: [{ Type: 'tmpfs', Target: '/t', ReadOnly: true }],
    Tmpfs: { '/x': 'size=1m', '/y': '' },
    Memory: 512 * 2 ** 20,
    MemorySwap: 1024 * 2 ** 20,
    NanoCpus: 1_500_000_000,
    PidsLimit: 100,
    CapAdd: ['CAP_NET_ADMIN'],
    Privileged: true,
    ReadonlyRootfs: true,
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    NetworkMode: 'backend',
  };
  expect(line({ host }, null)).toBe(
    'docker run -d --name web --restart on-failure:3 --network backend --volume /data:/data:ro --volume vol:/v ' +
      '--mount type=tmpfs,target=/t,readonly --tmpfs /x:size=1m --tmpfs /y --memory 512m --cpus 1.5 --pids-limit 100 --ulimit nofile=10:20 ' +
      '--privileged --read-only --cap-add NET_ADMIN nginx:1',
  );
});

test('words are quoted so that a shell gives them back', () => {
  expect(quote('plain-1.0/x:y')).toBe('plain-1.0/x:y');
  expect(quote('')).toBe("''");
  expect(quote('$(rm -rf /)')).toBe("'$(rm -rf /)'");
});

test('secrets in the line are masked', () => {
  expect(maskedLine(['--env DB_PASSWORD=x', "--env 'API_KEY=a b'", '--env MODE=x'])).toEqual([
    '--env DB_PASSWORD=••••••',
    '--env API_KEY=••••••',
    '--env MODE=x',
  ]);
  for (const name of ['POSTGRES_PASSWORD', 'GITHUB_TOKEN', 'aws_secret_access_key', 'DATABASE_URL'])
    expect(isSecretName(name)).toBe(true);
  for (const name of ['PATH', 'MODE', 'KEYBOARD', 'NODE_VERSION']) expect(isSecretName(name)).toBe(false);
});

test('exit codes have a meaning', () => {
  expect(exitMeaning(0, false).meaning).toBe('It finished its work.');
  expect(exitMeaning(137, false)).toMatchObject({ signal: 'SIGKILL', meaning: 'It was killed.' });
  expect(exitMeaning(137, true).meaning).toMatch(/out of memory/);
  expect(exitMeaning(143, false).signal).toBe('SIGTERM');
  expect(exitMeaning(127, false).meaning).toMatch(/does not exist/);
  expect(exitMeaning(150, false).signal).toBe('signal 22');
  expect(exitMeaning(77, false).signal).toBeNull();
});
