import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ContainerHost, IMAGE, openContainerHost } from './containers-harness.ts';

let host: ContainerHost;
beforeAll(async () => {
  host = await openContainerHost();
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
});

const state = (id: string) => host.engine.containers.resolve(id).state;
const sh = (script: string) => ['sh', '-c', script];
/** Everything of one test, so that the next one starts from nothing. */
async function clear(): Promise<void> {
  for (const { id } of host.engine.containers.all()) {
    await host.engine.containers.remove(id, { force: true, volumes: true });
  }
  expect(host.held()).toEqual([]);
}

describe('a container', () => {
  it('runs, ends with its code, and leaves nothing on the host when removed', async () => {
    const before = host.held();
    const { exitCode, output, id } = await host.run(sh('echo hello; exit 3'));
    expect([exitCode, output.trim()]).toEqual([3, 'hello']);
    await host.engine.containers.remove(id);
    expect(host.held()).toEqual(before);
    expect(host.actions(id)).toEqual(['create', 'start', 'die', 'destroy']);
    expect(readdirSync(join(host.base, 'data', 'containers'))).toEqual([]);
    expect(host.complaints).toEqual([]);
  });

  it('has namespaces of its own, an address, and the files that say so', async () => {
    const { id } = await host.create(['sleep', '300'], { name: 'own', config: { Hostname: 'hh' } });
    await host.engine.containers.start(id);
    const record = host.engine.containers.resolve(id);
    for (const kind of ['pid', 'net', 'mnt', 'ipc', 'uts']) {
      expect(readlinkSync(`/proc/${record.state.pid}/ns/${kind}`)).not.toBe(readlinkSync(`/proc/self/ns/${kind}`));
    }
    const address = record.networks.bridge?.IPAddress ?? '';
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(readFileSync(record.hostsPath, 'utf8')).toContain(`${address}\thh`);
    expect(readFileSync(`/proc/${record.state.pid}/root/etc/hostname`, 'utf8')).toBe('hh\n');
    await host.engine.containers.stop(id, { timeout: 0 });
    expect(state(id)).toMatchObject({ status: 'exited', exitCode: 137, pid: 0 });
    await clear();
  });

  it.each([
    [['nosuchcommand'], 127],
    [['/etc/passwd'], 126],
  ])('that cannot run %j says so, and nothing is left', async (command, exitCode) => {
    const { id } = await host.create(command, {
      hostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }] } },
    });
    await expect(host.engine.containers.start(id)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(state(id)).toMatchObject({ status: 'created', exitCode, pid: 0 });
    expect(host.held()).toEqual([]);
    await clear();
  });

  it('can be started again, with what it wrote', async () => {
    const { id } = await host.create(sh('echo x >> /f; exit $(wc -l < /f)'));
    for (const exitCode of [1, 2]) {
      const exit = host.engine.containers.wait(id, 'next-exit');
      await host.engine.containers.start(id);
      expect(await exit).toEqual({ exitCode });
      await vi.waitFor(() => expect(state(id).status).toBe('exited'));
    }
    await clear();
  });

  it('pauses, takes new limits while it runs, and is killed', async () => {
    const MiB = 1024 * 1024;
    const { id } = await host.create(['sleep', '300'], { hostConfig: { Memory: 32 * MiB, MemorySwap: 32 * MiB } });
    await host.engine.containers.start(id);
    await host.engine.containers.pause(id);
    await host.engine.containers.unpause(id);
    await host.engine.containers.update(id, { Memory: 64 * MiB, MemorySwap: 64 * MiB });
    const group = `gantry-${host.instance}/${id}`;
    const files = [`/sys/fs/cgroup/memory/${group}/memory.limit_in_bytes`, `/sys/fs/cgroup/${group}/memory.max`];
    expect(readFileSync(files.find(existsSync) ?? '', 'utf8').trim()).toBe(String(64 * MiB));
    await host.engine.containers.kill(id);
    expect(state(id)).toMatchObject({ status: 'exited', exitCode: 137 });
    await clear();
  });

  it('is removed by force while it is paused', async () => {
    const { id } = await host.create(['sleep', '300']);
    await host.engine.containers.start(id);
    await host.engine.containers.pause(id);
    await host.engine.containers.remove(id, { force: true });
    expect(host.held()).toEqual([]);
  });

  it('that is too large for its memory is killed, and that is known', async () => {
    const limit = 16 * 1024 * 1024;
    const { exitCode, id } = await host.run(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], {
      hostConfig: { Memory: limit, MemorySwap: limit },
    });
    expect(exitCode).toBe(137);
    expect(state(id).oomKilled).toBe(true);
    expect(host.actions(id)).toContain('oom');
    await clear();
  });

  it('follows its restart policy', async () => {
    const { id } = await host.create(['false'], {
      hostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
    });
    await host.engine.containers.start(id);
    await vi.waitFor(
      () => expect(host.engine.containers.resolve(id)).toMatchObject({ restartCount: 2, state: { status: 'exited' } }),
      10_000,
    );
    await clear();
  });

  it('is probed', async () => {
    const second = 1e9;
    const { id } = await host.create(['sleep', '300'], {
      config: {
        Image: IMAGE,
        Healthcheck: { Test: ['CMD-SHELL', 'echo probed; test -e /ok'], Interval: second / 5, Retries: 2 },
      },
    });
    await host.engine.containers.start(id);
    await vi.waitFor(() => expect(state(id).health?.Status).toBe('unhealthy'), 10_000);
    writeFileSync(`/proc/${state(id).pid}/root/ok`, '');
    await vi.waitFor(() => expect(state(id).health?.Status).toBe('healthy'), 10_000);
    expect(state(id).health?.Log.at(-1)).toMatchObject({ ExitCode: 0, Output: 'probed\n' });
    await clear();
  });

  it('shares memory and processes with another one when asked to', async () => {
    const first = await host.create(sh('echo shared > /dev/shm/f; sleep 300'), {
      name: 'first',
      hostConfig: { IpcMode: 'shareable' },
    });
    await host.engine.containers.start(first.id);
    await vi.waitFor(() => expect(existsSync(`/proc/${state(first.id).pid}/root/dev/shm/f`)).toBe(true));
    const { output } = await host.run(sh('cat /dev/shm/f; ps'), {
      hostConfig: { IpcMode: 'container:first', PidMode: 'container:first', NetworkMode: 'container:first' },
    });
    expect(output).toContain('shared');
    expect(output).toContain('sleep 300');
    await clear();
  });
});

describe('mounts', () => {
  it('bind, volume, tmpfs and a volume filled from the image', async () => {
    const source = join(host.base, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'f'), 'from host');
    const { output } = await host.run(
      sh('cat /b/f; echo; ls /etc | grep passwd; touch /b/x 2>/dev/null || echo refused; grep " /t " /proc/mounts'),
      {
        hostConfig: { Binds: [`${source}:/b:ro`, 'filled:/etc', `${source}/made/deep:/m`], Tmpfs: { '/t': 'size=1m' } },
      },
    );
    expect(output).toMatch(/^from host\npasswd\nrefused\ntmpfs \/t tmpfs .*size=1024k/);
    expect(statSync(join(source, 'made', 'deep')).isDirectory()).toBe(true);
    await clear();
    expect((await host.run(['ls', '/x'], { hostConfig: { Binds: ['filled:/x'] } })).output).toContain('passwd');
    await clear();
    await host.engine.volumes.remove('filled');
  });

  it('keeps a volume that somebody uses, and takes anonymous ones along', async () => {
    const { id } = await host.create(['true'], {
      config: { Image: IMAGE, Volumes: { '/anon': {} } },
      hostConfig: { Binds: ['named:/n'] },
    });
    await expect(host.engine.volumes.remove('named')).rejects.toMatchObject({ code: 'conflict' });
    await host.engine.containers.remove(id, { volumes: true });
    expect(host.engine.volumes.list().map((volume) => volume.name)).toEqual(['named']);
    await host.engine.volumes.remove('named');
  });
});

describe('many at once', () => {
  it('start, end and go without a trace', async () => {
    const runs = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { exitCode, id } = await host.run(sh(`exit ${index}`));
        await host.engine.containers.remove(id);
        return exitCode;
      }),
    );
    expect(runs).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await clear();
  });

  it('verbs on one container fight without harm', async () => {
    const { id } = await host.create(['sleep', '300']);
    const { containers } = host.engine;
    const verbs = [
      () => containers.start(id),
      () => containers.stop(id, { timeout: 0 }),
      () => containers.restart(id, { timeout: 0 }),
      () => containers.kill(id),
      () => containers.pause(id),
      () => containers.unpause(id),
    ];
    const results = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) => verbs[(index * 7) % verbs.length]?.()),
    );
    const codes = new Set(results.flatMap((it) => (it.status === 'rejected' ? [it.reason.code] : [])));
    for (const code of codes) expect(['conflict', 'not_modified']).toContain(code);
    await containers.remove(id, { force: true });
    expect(host.held()).toEqual([]);
  });
});

describe('after a restart of the engine', () => {
  it('what ran runs on, what ended is known, what should come back does', async () => {
    const { containers } = host.engine;
    const start = async (command: string[], name: string, hostConfig = {}) => {
      const { id } = await host.create(command, { name, hostConfig });
      await containers.start(id);
      return id;
    };
    const runs = await start(['sleep', '300'], 'runs', { Binds: ['used:/v'] });
    const ended = await start(sh('while [ ! -e /go ]; do sleep .02; done; exit 7'), 'ended');
    const always = await start(sh('while [ ! -e /go ]; do sleep .02; done; exit 1'), 'always', {
      RestartPolicy: { Name: 'always' },
    });
    const removed = await start(sh('while [ ! -e /go ]; do sleep .02; done'), 'removed', { AutoRemove: true });
    const { pid } = state(runs);
    const pids = [ended, always, removed].map((id) => state(id).pid);
    await host.restart(async () => {
      for (const each of pids) writeFileSync(`/proc/${each}/root/go`, '');
      await vi.waitFor(() => expect(pids.filter((each) => existsSync(`/proc/${each}`))).toEqual([]), 5000);
    });
    expect(state(runs)).toMatchObject({ status: 'running', pid });
    expect(state(ended)).toMatchObject({ status: 'exited', exitCode: 7 });
    expect(() => host.engine.containers.resolve(removed)).toThrow('No such container');
    await vi.waitFor(
      () => expect(host.engine.containers.resolve(always).state.startedAt > state(ended).finishedAt).toBe(true),
      5000,
    );
    await host.engine.containers.stop(runs, { timeout: 0 });
    expect(state(runs)).toMatchObject({ status: 'exited', exitCode: 137 });
    await clear();
  });
});
