import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, bytesOf, createBuild, type Files, FROM } from './build-harness.ts';
import { type ContainerHost, openContainerHost } from './containers-harness.ts';

let host: ContainerHost;
let build: ReturnType<typeof createBuild>;
beforeAll(async () => {
  host = await openContainerHost();
  build = createBuild(host);
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const passwd = readFileSync('/etc/passwd', 'utf8');
/** No build leaves files, mounts or containers, and none changes the host. */
afterEach(() => {
  expect(readdirSync(join(host.base, 'data/tmp')).filter((name) => name.startsWith('build-'))).toEqual([]);
  expect(host.held()).toEqual([]);
  expect(readFileSync('/etc/passwd', 'utf8')).toBe(passwd);
  expect(existsSync('/gantry-escaped')).toBe(false);
});

async function inside(dockerfile: string, files: Files, script: string): Promise<string> {
  const { id } = await build(dockerfile, files);
  const run = await host.run(['sh', '-c', script], { config: { Image: id } });
  await host.engine.containers.remove(run.id);
  return run.output.trim();
}
const link = (linkname: string): Files[string] => ({ type: 'symlink', linkname });

describe('the Dockerfile and .dockerignore', () => {
  it('are not followed out of the context', async () => {
    await expect(build(null, { Dockerfile: link('/etc/passwd') })).rejects.toThrow(
      'Cannot locate specified Dockerfile',
    );
    await expect(build(null, { Dockerfile: link('../../../../../../etc/passwd') })).rejects.toThrow('Cannot locate');
    await expect(build(null, { x: '' }, { dockerfile: '../../../../etc/passwd' })).rejects.toThrow('Cannot locate');
    expect(await inside(`${FROM}COPY . /c`, { '.dockerignore': link('/etc/passwd') }, 'ls -A /c')).toContain(
      'Dockerfile',
    );
  });

  it('may be links inside', async () => {
    expect((await build(null, { Dockerfile: link('sub/D'), 'sub/D': `${FROM}ENV A=1` })).text).toContain('ENV A=1');
  });

  it('are no FIFO, directory or device', async () => {
    await expect(build(null, { Dockerfile: { type: 'fifo' } })).rejects.toThrow('not a regular file');
    await expect(build(null, { Dockerfile: { type: 'directory' } })).rejects.toThrow('Cannot locate');
    await expect(build(FROM, { '.dockerignore': { type: 'fifo' } })).rejects.toThrow('not a regular file');
    const device: Files[string] = { type: 'char', devMajor: 1, devMinor: 5 };
    await expect(build(null, { Dockerfile: device })).rejects.toThrow('not a regular file');
  });

  it('bad patterns are refused', async () => {
    await expect(build(`${FROM}COPY . /`, { '.dockerignore': 'a[' })).rejects.toThrow('syntax error in pattern');
  });
});

describe('the context', () => {
  it.each([
    ['a name that leads up', { '../x': '1' }, '".." in its name'],
    ['a hard link out', { l: { type: 'link', linkname: '/etc/passwd' } as Files[string] }, 'does not exist'],
  ])('%s is refused', async (_, files, message) => {
    await expect(build(FROM, files as unknown as Files)).rejects.toThrow(message);
  });

  it('files below a link stay inside', async () => {
    const files = { out: link('/'), 'out/gantry-escaped': 'x' };
    expect(await inside(`${FROM}COPY gantry-escaped /g`, files, 'cat /g')).toBe('x');
  });

  it('garbage is refused before any output', async () => {
    const source = { kind: 'archive' as const, body: bytesOf(Buffer.from('no tar'.repeat(500))) };
    await expect(build(FROM, {}, { source })).rejects.toThrow('invalid tar archive');
  });
});

describe('sources and targets', () => {
  it('a source that is a link is looked up in its own tree', async () => {
    await expect(build(`${FROM}COPY evil /e`, { evil: link('/etc/hostname') })).rejects.toThrow('file not found');
    await expect(build(`${FROM}COPY d/passwd /e`, { d: link('/etc') })).rejects.toThrow('file not found');
    const stage = `${FROM.trim()} AS one\nRUN ln -s /etc/hostname /out && ln -s / /root-link\nFROM scratch\n`;
    await expect(build(`${stage}COPY --from=one /out /x`)).rejects.toThrow('file not found');
    expect(
      await inside(`${stage}COPY --from=one /bin /bin\nCOPY --from=one /root-link/etc/passwd /p`, {}, 'head -c 4 /p'),
    ).toBe('root');
  });

  it('a target that is a link stays in the image', async () => {
    const links = 'RUN ln -s / /slash && ln -s ../../../../.. /up && ln -s /nowhere/f /dangling';
    const dockerfile = `${FROM}${links}
COPY gantry-escaped /slash/a/
COPY gantry-escaped /up/b/
COPY gantry-escaped /dangling
WORKDIR /up/../../w
COPY gantry-escaped .
RUN pwd`;
    const files = { 'gantry-escaped': 'x' };
    expect(await inside(dockerfile, files, 'ls /a /b /w /nowhere; readlink /dangling')).toBe(
      '/a:\ngantry-escaped\n\n/b:\ngantry-escaped\n\n/nowhere:\nf\n\n/w:\ngantry-escaped\n/nowhere/f',
    );
  });

  it('an archive in ADD stays below its target', async () => {
    const evil = archiveOf({ l: link('/'), 'l/gantry-escaped': 'x', abs: link('/etc'), 'abs/passwd': 'changed' });
    expect(await inside(`${FROM}ADD evil.tar /t/`, { 'evil.tar': evil }, 'cat /gantry-escaped; cat /etc/passwd')).toBe(
      'xchanged',
    );
    const up = archiveOf({ '../../x': 'x' });
    await expect(build(`${FROM}ADD up.tar /t/`, { 'up.tar': up })).rejects.toThrow('".." in its name');
  });

  it('names that mean deletion in a layer are refused, and delete nothing', async () => {
    await expect(build(`${FROM}COPY d /etc/`, { 'd/.wh.passwd': '' })).rejects.toThrow('a layer cannot hold names');
    await expect(build(`${FROM}COPY .wh.passwd /etc/`, { '.wh.passwd': '' })).rejects.toThrow('a layer cannot hold');
    const inner = archiveOf({ '.wh..wh..opq': '' });
    await expect(build(`${FROM}ADD i.tar /etc/`, { 'i.tar': inner })).rejects.toThrow('a layer cannot hold names');
  });

  it('ADD fetches neither from this machine nor by other schemes', async () => {
    await expect(build(`${FROM}ADD http://127.0.0.1:1/x /`)).rejects.toThrow('private network: not fetched');
    await expect(build(`${FROM}ADD http://[::ffff:127.0.0.1]:1/x /`)).rejects.toThrow('not fetched');
    await expect(build(`${FROM}ADD http://localhost:1/x /`)).rejects.toThrow('not fetched');
    await expect(build(`${FROM}ADD file:///etc/passwd /`)).rejects.toThrow('ADD failed: file not found');
    await expect(build(`${FROM}ADD git://x/y.git /`)).rejects.toThrow('not implemented');
  });
});

describe('bounds', () => {
  it('a value that doubles is refused', async () => {
    const lines = Array.from({ length: 30 }, () => 'ENV V=$V$V').join('\n');
    await expect(build(`${FROM}ENV V=${'x'.repeat(1000)}\n${lines}`)).rejects.toThrow('larger than 1 MiB');
  });

  it('a Dockerfile too large is refused', async () => {
    await expect(build(`${FROM}#${'x'.repeat(5 * 1024 * 1024)}`)).rejects.toThrow('larger than');
  });

  it('too many layers are refused with words', async () => {
    const lines = Array.from({ length: 140 }, (_, index) => `COPY f /f${index}`).join('\n');
    await expect(build(FROM + lines, { f: '1' })).rejects.toThrow(/max depth exceeded|too many layers for one mount/);
  }, 120_000);
});
