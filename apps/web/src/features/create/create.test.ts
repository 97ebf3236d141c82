import { describe, expect, it } from 'vitest';
import { emptyForm, type RunForm } from './model.ts';
import { toCreate, toRunLine } from './to-create.ts';
import { placeOf, validate } from './validate.ts';
import { quoteWord, splitWords } from './words.ts';

const form = (changes: Partial<RunForm>): RunForm => ({ ...emptyForm, image: 'nginx', ...changes });

describe('words of a command', () => {
  it.each([
    ['sh -c "echo hi; sleep 1"', ['sh', '-c', 'echo hi; sleep 1']],
    [`echo 'it''s' "a \\"b\\""`, ['echo', 'its', 'a "b"']],
    ['a\\ b c', ['a b', 'c']],
    [`'' x`, ['', 'x']],
    ['echo $HOME *', ['echo', '$HOME', '*']],
    ['"\\n"', ['\\n']],
    ['   ', []],
  ])('%s', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it('an open quote is an error', () => {
    expect(splitWords('echo "a')).toBeNull();
    expect(splitWords("echo 'a")).toBeNull();
  });

  it.each(['plain', "it's", '$(rm -rf /)', 'a b', '', '`x`', '!', 'ü\n'])('quoting %j comes back as it was', (word) => {
    expect(splitWords(quoteWord(word))).toEqual([word]);
  });
});

describe('validation at the field', () => {
  it.each<[Partial<RunForm>, string]>([
    [{ image: '' }, 'image'],
    [{ image: '../x' }, 'image'],
    [{ image: 'a b' }, 'image'],
    [{ name: 'x' }, 'name'],
    [{ name: '-web' }, 'name'],
    [{ name: 'we b' }, 'name'],
    [{ command: 'echo "' }, 'command'],
    [{ env: [{ id: 'e', key: 'A=B', value: '' }] }, 'env.e.key'],
    [{ ports: [{ id: 'p', hostIp: '', hostPort: '70000', containerPort: '80', protocol: 'tcp' }] }, 'ports.p.hostPort'],
    [{ ports: [{ id: 'p', hostIp: '', hostPort: '', containerPort: '0', protocol: 'tcp' }] }, 'ports.p.containerPort'],
    [
      { ports: [{ id: 'p', hostIp: '300.1.1.1', hostPort: '', containerPort: '80', protocol: 'tcp' }] },
      'ports.p.hostIp',
    ],
    [{ mounts: [{ id: 'm', type: 'bind', source: 'rel', target: '/x', readOnly: false }] }, 'mounts.m.source'],
    [{ mounts: [{ id: 'm', type: 'volume', source: '/abs', target: '/x', readOnly: false }] }, 'mounts.m.source'],
    [{ mounts: [{ id: 'm', type: 'volume', source: 'data', target: '/', readOnly: false }] }, 'mounts.m.target'],
    [{ memory: '1m' }, 'memory'],
    [{ memory: 'lots' }, 'memory'],
    [{ cpus: '0' }, 'cpus'],
    [{ cpus: '1e3' }, 'cpus'],
    [{ autoRemove: true, restart: 'always' }, 'restart'],
  ])('%j', (changes, field) => {
    expect(Object.keys(validate(form(changes)))).toEqual([field]);
  });

  it('lets a full form through', () => {
    expect(
      validate(
        form({
          image: 'registry.local:5000/team/app:1.2',
          name: 'web-1',
          ports: [
            { id: 'a', hostIp: '127.0.0.1', hostPort: '53', containerPort: '53', protocol: 'udp' },
            { id: 'b', hostIp: '::1', hostPort: '53', containerPort: '53', protocol: 'tcp' },
          ],
          mounts: [{ id: 'm', type: 'volume', source: 'data', target: '/data/', readOnly: true }],
          memory: '512m',
          cpus: '.5',
        }),
      ),
    ).toEqual({});
  });
});

it('makes the body of the create call', () => {
  const body = toCreate(
    form({
      command: 'nginx -g "daemon off;"',
      env: [{ id: 'e', key: 'A', value: 'b=c' }],
      ports: [{ id: 'p', hostIp: '', hostPort: '8080', containerPort: '80', protocol: 'tcp' }],
      memory: '1g',
      cpus: '1.5',
      restart: 'unless-stopped',
    }),
  );
  expect(body).toMatchObject({
    Image: 'nginx',
    Cmd: ['nginx', '-g', 'daemon off;'],
    Env: ['A=b=c'],
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      Memory: 1024 ** 3,
      NanoCpus: 1.5e9,
      RestartPolicy: { Name: 'unless-stopped' },
    },
  });
  expect(toCreate(form({}))).not.toHaveProperty('Cmd');
});

it('writes a line that a shell reads as it was meant', () => {
  expect(
    toRunLine(
      form({
        name: 'web',
        env: [{ id: 'e', key: 'PASS', value: "it's $HOME" }],
        ports: [
          { id: 'p', hostIp: '::1', hostPort: '', containerPort: '80', protocol: 'tcp' },
          { id: 'q', hostIp: '', hostPort: '', containerPort: '53', protocol: 'udp' },
        ],
        mounts: [{ id: 'm', type: 'bind', source: '/srv/a b', target: '/x', readOnly: true }],
      }),
    ),
  ).toEqual([
    'docker run -d',
    '--name web',
    `-p '[::1]::80'`,
    '-p 53/udp',
    `--mount 'type=bind,src=/srv/a b,dst=/x,ro'`,
    `-e 'PASS=it'\\''s $HOME'`,
    'nginx',
  ]);
});

it('finds the field that an error of the engine is about', () => {
  expect(placeOf('Conflict. The container name "/web" is already in use by container "abc".')).toBe('name');
  expect(placeOf('Bind for 0.0.0.0:8080 failed: port is already allocated')).toBe('ports');
  expect(placeOf('invalid mount config for type "bind": bind source path does not exist: /x')).toBe('mounts');
  expect(placeOf('exec: "nope": executable file not found in $PATH')).toBe('command');
  expect(placeOf('no space left on device')).toBeNull();
});
