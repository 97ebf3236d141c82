import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTar, type TarEntry } from '#lib/tar.ts';
import { type TarHeader, tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import { type ContainerHost, openContainerHost } from './containers-harness.ts';

/** An archive of these entries, as a client sends it. */
export async function* tarOf(entries: readonly (TarHeader & { data?: string })[]): AsyncGenerator<Buffer> {
  for (const { data = '', ...header } of entries) {
    const body = Buffer.from(data, 'latin1');
    yield tarHeader({ ...header, ...(body.length > 0 && { size: body.length }) });
    yield Buffer.concat([body, tarPadding(body.length)]);
  }
  yield tarEnd();
}

export async function entriesOf(source: AsyncIterable<Uint8Array>): Promise<Map<string, TarEntry & { data: string }>> {
  const found = new Map<string, TarEntry & { data: string }>();
  for await (const { entry, body } of readTar(source)) {
    found.set(entry.name, { ...entry, data: (await buffer(body)).toString('latin1') });
  }
  return found;
}

const signal = new AbortController().signal;
const copy = { noOverwriteDirNonDir: false, copyUidGid: false, signal };

let host: ContainerHost;
let outside: string;

beforeAll(async () => {
  host = await openContainerHost();
  outside = mkdtempSync(join(tmpdir(), 'gantry-outside-'));
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  rmSync(outside, { recursive: true, force: true });
});

async function running(command = 'sleep 300', patch: Parameters<ContainerHost['create']>[1] = {}): Promise<string> {
  const { id } = await host.create(['sh', '-c', command], patch);
  await host.engine.containers.start(id);
  return id;
}

async function shell(id: string, line: string): Promise<string> {
  const process = await host.engine.runtime.exec(id, {
    args: ['sh', '-c', line],
    env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'],
    cwd: '/',
    user: '',
    tty: false,
    stdin: false,
    privileged: false,
  });
  const [output] = await Promise.all([buffer(process.stdout), process.stderr && buffer(process.stderr)]);
  await process.exited;
  return output.toString('latin1').trim();
}

const out = async (id: string, path: string) => {
  const { stat, body } = await host.engine.containers.copyOut(id, path, { signal });
  return { stat, entries: await entriesOf(body) };
};

describe('what comes out', () => {
  it('has owners, modes, times, links and attributes of a running container, its tmpfs and volume too', async () => {
    const id = await running('sleep 300', {
      hostConfig: { Tmpfs: { '/mem': '' }, Binds: ['gantry-copy-test:/vol'] },
    });
    await shell(
      id,
      'mkdir -p /d/e; echo f > /d/f; chown 12:34 /d/f; chmod 4751 /d/f; ln /d/f /d/hard; ln -s ../x /d/soft; chown -h 5:6 /d/soft;' +
        'mkfifo /d/fifo; touch -d @1000000000 /d/e; echo m > /mem/x; echo v > /vol/x; chmod 1777 /d',
    );
    const { entries, stat } = await out(id, '/d');
    expect(stat).toMatchObject({ name: 'd', linkTarget: '' });
    expect([...entries.keys()]).toEqual(['d/', 'd/e/', 'd/f', 'd/fifo', 'd/hard', 'd/soft']);
    expect(entries.get('d/')).toMatchObject({ type: 'directory', mode: 0o1777 });
    expect(entries.get('d/e/')).toMatchObject({ mtime: 1_000_000_000 });
    expect(entries.get('d/f')).toMatchObject({ mode: 0o4751, uid: 12, gid: 34, data: 'f\n' });
    expect(entries.get('d/hard')).toMatchObject({ type: 'link', linkname: 'd/f' });
    expect(entries.get('d/soft')).toMatchObject({ type: 'symlink', linkname: '../x', uid: 5, gid: 6 });
    expect(entries.get('d/fifo')).toMatchObject({ type: 'fifo' });
    expect((await out(id, '/mem/x')).entries.get('x')?.data).toBe('m\n');
    expect((await out(id, '/vol/x')).entries.get('x')?.data).toBe('v\n');
    expect([...(await out(id, '/d/.')).entries.keys()][0]).toBe('./');
    expect(host.actions(id)).toContain('archive-path');
    await host.engine.containers.remove(id, { force: true });
    await host.engine.volumes.remove('gantry-copy-test');
  });

  it('tells a link from what it leads to, and resolves absolute links inside', async () => {
    const id = await running();
    await shell(id, 'mkdir /real; echo f > /real/f; ln -s /real /abs; ln -s f /real/l; ln -s /nowhere/../x /dangling');
    expect(await host.engine.containers.statPath(id, '/real/l')).toMatchObject({ name: 'l', linkTarget: '/real/f' });
    expect(await host.engine.containers.statPath(id, '/dangling')).toMatchObject({ linkTarget: '/x' });
    expect((await out(id, '/abs/f')).entries.get('f')?.data).toBe('f\n');
    expect([...(await out(id, '/abs/')).entries.keys()]).toEqual(['abs/', 'abs/f', 'abs/l']);
    await expect(out(id, '/real/none')).rejects.toMatchObject({
      code: 'not_found',
      message: `Could not find the file /real/none in container ${id}`,
    });
  });

  it('keeps names that are not UTF-8, both ways', async () => {
    const id = await running();
    const one = 'caf\xe9';
    const two = 'caf\xea';
    await host.engine.containers.copyIn(id, '/tmp', tarOf([one, two].map((name) => ({ name, data: name }))), copy);
    expect((await out(id, `/tmp/${one}`)).entries.get(one)?.data).toBe(one);
    expect((await out(id, `/tmp/${two}`)).entries.get(two)?.data).toBe(two);
    expect(await shell(id, 'ls /tmp | wc -l')).toBe('2');
  });
});

describe('what goes in', () => {
  it('arrives exactly, in a running container', async () => {
    const id = await running();
    const archive = tarOf([
      { name: 'in/', type: 'directory', mode: 0o2750, uid: 7, gid: 8, mtime: 1_100_000_000 },
      { name: 'in/f', data: 'hello', mode: 0o4755, uid: 9, gid: 10, mtime: 1_200_000_000 },
      { name: 'in/h', type: 'link', linkname: 'in/f' },
      { name: 'in/s', type: 'symlink', linkname: '/etc/passwd', uid: 3, gid: 4 },
      { name: 'deep/er/x', data: 'x' },
    ]);
    await host.engine.containers.copyIn(id, '/tmp', archive, copy);
    expect(await shell(id, 'stat -c "%a %u %g %Y" /tmp/in /tmp/in/f; stat -c "%u %g" /tmp/in/s')).toBe(
      '2750 7 8 1100000000\n4755 9 10 1200000000\n3 4',
    );
    expect(await shell(id, 'readlink /tmp/in/s; stat -c %h /tmp/in/f; cat /tmp/deep/er/x')).toBe('/etc/passwd\n2\nx');
    expect(host.actions(id)).toContain('extract-to-dir');
  });

  it('is given to the container’s user when asked for', async () => {
    const id = await running('sleep 300', { config: { User: 'www-data' } });
    const archive = tarOf([{ name: 'f', data: 'x', uid: 1000, gid: 1000 }]);
    await host.engine.containers.copyIn(id, '/tmp', archive, { ...copy, copyUidGid: true });
    expect(await shell(id, 'stat -c "%u %g" /tmp/f')).toBe('33 33');
  });

  it('reaches a stopped container, its volume and its bind, and leaves no mount', async () => {
    mkdirSync(join(outside, 'bind'));
    const before = host.held();
    const { id } = await host.create(['sh', '-c', 'cat /tmp/a /v/a /b/a'], {
      hostConfig: { Binds: ['gantry-copy-in:/v', `${outside}/bind:/b`] },
    });
    for (const path of ['/tmp', '/v', '/b']) {
      await host.engine.containers.copyIn(id, path, tarOf([{ name: 'a', data: path }]), copy);
    }
    expect((await out(id, '/v/a')).entries.get('a')?.data).toBe('/v');
    expect(readFileSync(join(outside, 'bind/a'), 'utf8')).toBe('/b');
    expect(host.held()).toEqual(before);
    const exit = host.engine.containers.wait(id, 'next-exit');
    await host.engine.containers.start(id);
    await exit;
    expect(host.output(id)).toBe('/tmp/v/b');
    await host.engine.containers.remove(id, { force: true });
    await host.engine.volumes.remove('gantry-copy-in');
  });

  it('is refused where it is read-only, through every alias, running or not', async () => {
    mkdirSync(join(outside, 'ro'), { recursive: true });
    const hostConfig = { ReadonlyRootfs: true, Binds: [`${outside}/ro:/ro:ro`], Tmpfs: { '/tmp': '' } };
    const { id } = await host.create(['sh', '-c', 'ln -s /ro /tmp/alias; ln -s /etc /tmp/etc; sleep 300'], {
      hostConfig,
    });
    const put = (path: string) => host.engine.containers.copyIn(id, path, tarOf([{ name: 'x', data: 'x' }]), copy);
    const rootfs = { code: 'forbidden', message: 'container rootfs is marked read-only' };
    const volume = { code: 'forbidden', message: 'mounted volume is marked read-only' };
    await expect(put('/etc')).rejects.toMatchObject(rootfs);
    await expect(put('/ro')).rejects.toMatchObject(volume);
    await host.engine.containers.start(id);
    await expect.poll(() => host.engine.containers.statPath(id, '/tmp/etc').catch(() => null)).not.toBeNull();
    await expect(put('/tmp/etc')).rejects.toMatchObject(rootfs);
    await expect(put('/tmp/alias')).rejects.toMatchObject(volume);
    await put('/tmp');
    const nested = tarOf([{ name: 'alias/y', data: 'y' }]);
    await expect(host.engine.containers.copyIn(id, '/tmp', nested, copy)).rejects.toMatchObject({ code: 'forbidden' });
    expect(() => lstatSync(join(outside, 'ro/y'))).toThrow();
  });

  it('replaces a directory only when that is allowed, and says what it refuses', async () => {
    const id = await running();
    await shell(id, 'mkdir -p /t/dir/full; echo f > /t/file');
    const strict = { ...copy, noOverwriteDirNonDir: true };
    const put = (entry: TarHeader, options = copy) => host.engine.containers.copyIn(id, '/t', tarOf([entry]), options);
    await expect(put({ name: 'dir' }, strict)).rejects.toThrow('cannot overwrite directory "dir" with non-directory');
    await expect(put({ name: 'file', type: 'directory' }, strict)).rejects.toThrow(
      'cannot overwrite non-directory "file"',
    );
    await put({ name: 'dir' });
    await put({ name: 'file', type: 'directory' });
    expect(await shell(id, 'stat -c %F /t/dir /t/file')).toBe('regular empty file\ndirectory');
    await expect(host.engine.containers.copyIn(id, '/t/dir', tarOf([]), copy)).rejects.toThrow(
      'extraction point is not a directory',
    );
    await expect(host.engine.containers.copyIn(id, '/none', tarOf([]), copy)).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('ends with an error for a damaged archive, and the engine goes on', async () => {
    const id = await running();
    async function* damaged() {
      yield Buffer.alloc(512, 'x');
    }
    await expect(host.engine.containers.copyIn(id, '/tmp', damaged(), copy)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    async function* broken() {
      yield tarHeader({ name: 'half', size: 1000 });
      throw new Error('the connection broke');
    }
    await expect(host.engine.containers.copyIn(id, '/tmp', broken(), copy)).rejects.toThrow('the connection broke');
    expect((await out(id, '/etc/passwd')).entries.has('passwd')).toBe(true);
  });
});

describe('hostile content', () => {
  it('an archive reaches nothing outside', async () => {
    const id = await running();
    writeFileSync(join(outside, 'victim'), 'safe');
    const put = (...entries: (TarHeader & { data?: string })[]) =>
      host.engine.containers.copyIn(id, '/tmp', tarOf(entries), copy);
    await expect(put({ name: '../../../escape', data: 'x' })).rejects.toThrow('leads outside');
    await expect(put({ name: 'h', type: 'link', linkname: '../../..//etc/passwd' })).rejects.toThrow('leads outside');
    await put({ name: 'l', type: 'symlink', linkname: outside }, { name: 'l2', type: 'symlink', linkname: '/' });
    await put({ name: 'l/victim', data: 'taken' }).catch(() => undefined);
    await put({ name: `l2${outside}/victim`, data: 'taken' });
    expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('safe');
    expect(await shell(id, `cat ${outside}/victim`)).toBe('taken');
    await put({ name: 'up', type: 'symlink', linkname: '../../../../../../../../..' });
    await put({ name: `up${outside}/victim2`, data: 'x' });
    expect(() => lstatSync(join(outside, 'victim2'))).toThrow();
  });

  it('a link that a process swaps all the time leads nowhere else', async () => {
    writeFileSync(join(outside, 'secret'), 'secret');
    const loop = `mkdir -p /w${outside} /w/a; ln -s ${outside} /w/link; while :; do mv -T /w/a /w/x 2>/dev/null; ln -s ${outside} /w/a 2>/dev/null; rm /w/a; mkdir -p /w/a; rm -rf /w/x; done`;
    const id = await running(loop);
    const seen = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const archive = tarOf([
        { name: 'a/planted', data: 'x' },
        { name: 'a/secret', data: 'x' },
      ]);
      await host.engine.containers.copyIn(id, '/w', archive, copy).catch(() => undefined);
      const read = await out(id, '/w/a/secret').catch(() => undefined);
      for (const { data } of read?.entries.values() ?? []) seen.add(data);
    }
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(() => lstatSync(join(outside, 'planted'))).toThrow();
    expect(seen).not.toContain('secret');
    await host.engine.containers.remove(id, { force: true });
  });

  it('magic links, fifos and devices of the container do not trick or stall a read', async () => {
    const id = await running();
    await shell(
      id,
      'mkdir /h; mkfifo /h/fifo; mknod /h/mem c 1 1; ln -s /proc/1/root/etc/hostname /h/magic; echo ok > /h/ok',
    );
    const { entries } = await out(id, '/h');
    expect(entries.get('h/mem')).toMatchObject({ type: 'char', devMajor: 1, devMinor: 1 });
    expect(entries.get('h/ok')?.data).toBe('ok\n');
    await expect(out(id, '/proc/1/root/etc/passwd')).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(out(id, '/proc/self/root/etc/shadow')).rejects.toThrow();
  });

  it('a client that goes away ends its copy, and removal by force does not wait for one', async () => {
    const { id } = await host.create(['true']);
    const held = Promise.withResolvers<void>();
    async function* never() {
      yield tarHeader({ name: 'f', size: 10_000_000 });
      held.resolve();
      await new Promise(() => undefined);
    }
    const copying = host.engine.containers.copyIn(id, '/tmp', never(), copy);
    const failed = expect(copying).rejects.toMatchObject({ code: 'cancelled' });
    await held.promise;
    await host.engine.containers.remove(id, { force: true });
    await failed;

    const other = await running('dd if=/dev/zero of=/big bs=1M count=64; sleep 300');
    await expect.poll(() => shell(other, 'stat -c %s /big')).toBe(String(64 * 1024 * 1024));
    const client = new AbortController();
    const { body } = await host.engine.containers.copyOut(other, '/big', { signal: client.signal });
    const closed = new Promise((resolve) => body.once('close', resolve));
    client.abort();
    await closed;
    expect((await out(other, '/etc/passwd')).entries.size).toBe(1);
  });

  it('leaves no descriptor open', async () => {
    const id = await running();
    const open = () => execFileSync('ls', [`/proc/${process.pid}/fd`], { encoding: 'utf8' }).split('\n').length;
    const { id: stopped } = await host.create(['true'], { hostConfig: { Binds: [`${outside}:/b`] } });
    const work = async (rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        await out(id, '/etc');
        await out(id, '/none').catch(() => undefined);
        await host.engine.containers.copyIn(id, '/tmp', tarOf([{ name: 'a/b', data: 'x' }]), copy);
        await host.engine.containers.copyIn(stopped, '/tmp', tarOf([{ name: 'a/b', data: 'x' }]), copy);
        await out(stopped, '/tmp/a');
        await host.engine.containers.changes(stopped);
      }
    };
    await work(3);
    const before = open();
    await work(20);
    expect(open()).toBeLessThan(before + 10);
  });
});
