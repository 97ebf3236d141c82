import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { EngineError } from '#core/errors.ts';
import { formatNano, parseNano } from '#lib/time.ts';
import { createFakeContainers, createRequest, IMAGE_ID } from '#test/fakes/containers.ts';

const make = async (host: Awaited<ReturnType<typeof createFakeContainers>>, name: string, hostConfig = {}) =>
  (await host.containers.create(createRequest({ name, hostConfig }))).record.id;

describe('create', () => {
  it('keeps the container durably, with its defaults, and tells it', async () => {
    await using host = await createFakeContainers();
    const { record, warnings } = await host.containers.create(createRequest({ name: '/web' }));
    expect(warnings).toEqual([]);
    expect(record).toMatchObject({
      name: 'web',
      path: 'sh',
      args: [],
      imageId: IMAGE_ID,
      state: { status: 'created' },
    });
    expect(JSON.parse(host.rows.get(record.id) ?? '')).toEqual(record);
    expect(host.actions()).toEqual(['create']);
    expect(host.events[0]?.actor.attributes).toMatchObject({ image: 'box', name: 'web' });
  });

  it('gives a name when there is none', async () => {
    await using host = await createFakeContainers();
    const { record } = await host.containers.create(createRequest());
    expect(record.name).toMatch(/^[a-z]+_[a-z]+$/);
  });

  it('refuses a name in use, naming its holder', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await expect(make(host, 'web')).rejects.toMatchObject({
      code: 'conflict',
      message: `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    });
  });

  it('leaves nothing when the row cannot be written, and frees the name', async () => {
    await using host = await createFakeContainers();
    host.storeFailure.next = 'insert';
    await expect(
      host.containers.create(createRequest({ name: 'web', config: { Image: 'box', Volumes: { '/v': {} } } })),
    ).rejects.toThrow();
    expect(host.layers.size).toBe(0);
    expect(host.volumes.volumes.size).toBe(0);
    expect(await readdir(join(host.root, 'containers'))).toEqual([]);
    await make(host, 'web');
  });

  it('finds by id, name with and without slash, and prefix; names are never special', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'constructor');
    for (const reference of [id, 'constructor', '/constructor', id.slice(0, 5)]) {
      expect(host.containers.resolve(reference).id).toBe(id);
    }
    for (const reference of ['__proto__', 'toString', 'f00'.repeat(30)]) {
      expect(() => host.containers.resolve(reference)).toThrow(`No such container: ${reference}`);
    }
    while (new Set(host.containers.all().map((record) => record.id[0])).size === host.containers.all().length) {
      await host.containers.create(createRequest());
    }
    const firsts = host.containers.all().map((record) => record.id[0] ?? '');
    const twice = firsts.find((digit, index) => firsts.indexOf(digit) !== index) ?? '';
    expect(() => host.containers.resolve(twice)).toThrow(`multiple IDs found with provided prefix: ${twice}`);
  });
});

describe('start and exit', () => {
  it('wires, runs, and notes the exit', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await host.containers.start('web');
    expect(host.containers.resolve('web')).toMatchObject({
      state: { status: 'running', pid: 1001 },
      networks: { bridge: { IPAddress: '172.17.0.2' } },
    });
    expect(await readFile(host.containers.resolve('web').hostnamePath, 'utf8')).toBe(`${id.slice(0, 12)}\n`);
    const waited = host.containers.wait('web', 'not-running');
    host.exit(id, 3);
    expect(await waited).toEqual({ exitCode: 3 });
    await host.containers.stop('web').catch(() => undefined);
    await vi.waitFor(() => expect(host.network.sandboxes.size).toBe(0));
    expect(host.containers.resolve('web')).toMatchObject({
      state: { status: 'exited', exitCode: 3, pid: 0 },
      networks: { bridge: { IPAddress: '' } },
    });
    expect(host.actions(id)).toEqual(['create', 'start', 'die']);
    expect(host.events.at(-1)?.actor.attributes).toMatchObject({ exitCode: '3', execDuration: '0' });
    expect(JSON.parse(host.rows.get(id) ?? '').state).toMatchObject({ status: 'exited', exitCode: 3 });
  });

  it('does not end before it began, by a file whose time is the kernel’s last tick', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await host.containers.start(id);
    const { startedAt } = host.containers.resolve(id).state;
    const tickBefore = formatNano((parseNano(startedAt) ?? 0n) - 4_000_000n);
    host.exit(id, 0, { finishedAt: tickBefore });
    await vi.waitFor(() => expect(host.containers.resolve(id).state.status).toBe('exited'));
    expect(host.containers.resolve(id).state.finishedAt).toBe(startedAt);
  });

  it('answers not modified for what already is', async () => {
    await using host = await createFakeContainers();
    await make(host, 'web');
    await expect(host.containers.stop('web')).rejects.toMatchObject({ code: 'not_modified' });
    await host.containers.start('web');
    await expect(host.containers.start('web')).rejects.toMatchObject({ code: 'not_modified' });
  });

  it('undoes a failed start and says why', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { Binds: ['data:/d'] });
    host.behaviour.onCreate = async () => {
      throw new EngineError('invalid_argument', 'exec: "nosuch": executable file not found in $PATH', {
        details: { exitCode: 127 },
      });
    };
    await expect(host.containers.start(id)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(host.containers.resolve(id)).toMatchObject({
      state: { status: 'created', exitCode: 127, error: expect.stringContaining('not found') },
      networks: { bridge: { IPAddress: '' } },
    });
    expect(host.network.sandboxes.size).toBe(0);
    expect(host.volumes.uses.get('data')?.size).toBe(0);
    expect(host.actions(id)).toEqual(['create']);
    host.behaviour.onCreate = undefined;
    await host.containers.start(id);
    expect(host.containers.resolve(id).state).toMatchObject({ status: 'running', error: '', exitCode: 0 });
  });

  it('refuses a network that is not there when it starts, as Docker does', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { NetworkMode: 'nosuch' });
    await expect(host.containers.start(id)).rejects.toMatchObject({
      code: 'not_found',
      message: 'network nosuch not found',
    });
    expect(host.containers.resolve(id).state).toMatchObject({ status: 'created', exitCode: 128 });
  });

  it('removes a --rm container whose start failed', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { AutoRemove: true });
    host.network.failure.next = new EngineError('internal', 'port is already allocated');
    const removed = host.containers.wait(id, 'removed');
    await expect(host.containers.start(id)).rejects.toThrow('port is already allocated');
    await removed;
    expect(host.rows.size).toBe(0);
  });

  it('removes a --rm container and its anonymous volumes when it ends', async () => {
    await using host = await createFakeContainers();
    const { record } = await host.containers.create(
      createRequest({
        config: { Image: 'box', Volumes: { '/v': {} } },
        hostConfig: { AutoRemove: true, Binds: ['kept:/k'] },
      }),
    );
    await host.containers.start(record.id);
    const removed = host.containers.wait(record.id, 'removed');
    host.exit(record.id, 0);
    expect(await removed).toEqual({ exitCode: 0 });
    expect([...host.volumes.volumes.keys()]).toEqual(['kept']);
    expect(host.actions(record.id)).toEqual(['create', 'start', 'die', 'destroy']);
    expect(host.layers.size).toBe(0);
  });

  it('tells an exit that happens while start is still under way', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    const next = host.containers.wait(id, 'next-exit');
    host.behaviour.onStart = (started) => host.exit(started, 0);
    await host.containers.start(id);
    expect(await next).toEqual({ exitCode: 0 });
    expect(host.actions(id)).toEqual(['create', 'start', 'die']);
  });

  it('joins the namespaces of another container, which must run', async () => {
    await using host = await createFakeContainers();
    const other = await make(host, 'other', { IpcMode: 'shareable' });
    const modes = { NetworkMode: 'container:other', IpcMode: 'container:other', PidMode: 'container:other' };
    const id = await make(host, 'web', modes);
    expect(host.containers.resolve(id).hostConfig.NetworkMode).toBe(`container:${other}`);
    await expect(host.containers.start(id)).rejects.toThrow('cannot join network namespace of a non running container');
    await host.containers.start(other);
    await host.containers.start(id);
    const pid = host.containers.resolve(other).state.pid;
    expect(host.processes.get(id)?.request).toMatchObject({
      netns: { kind: 'path', path: `/proc/${pid}/ns/net` },
      joins: { ipc: `/proc/${pid}/ns/ipc`, pid: `/proc/${pid}/ns/pid` },
    });
    const hosts = host.processes.get(id)?.request.mounts.find((mount) => mount.target === '/etc/hosts');
    expect(hosts?.source).toBe(host.containers.resolve(other).hostsPath);
  });
});

describe('stop, kill, pause', () => {
  it('stops by signal, then by force, and tells it in Docker’s order', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    host.behaviour.diesOf.clear();
    await host.containers.start(id);
    await host.containers.stop(id, { timeout: 0 });
    expect(host.containers.resolve(id).state).toMatchObject({ status: 'exited', exitCode: 137, stoppedByUser: true });
    expect(host.actions(id)).toEqual(['create', 'start', 'kill', 'kill', 'die', 'stop']);
    expect(host.network.sandboxes.size).toBe(0);
  });

  it('lets kill through while stop waits', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    host.behaviour.diesOf.clear();
    await host.containers.start(id);
    const stopping = host.containers.stop(id, { timeout: -1 });
    await host.containers.kill(id);
    await stopping;
    expect(host.containers.resolve(id).state.exitCode).toBe(137);
  });

  it('refuses what the state does not allow, in Docker’s words', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await expect(host.containers.kill('web')).rejects.toMatchObject({
      code: 'conflict',
      message: `cannot kill container: web: container ${id} is not running`,
    });
    await expect(host.containers.kill('web', 'NOSUCH')).rejects.toThrow('Invalid signal: NOSUCH');
    await expect(host.containers.unpause('web')).rejects.toThrow(`Container ${id} is not paused`);
    await host.containers.start(id);
    await host.containers.pause(id);
    await expect(host.containers.pause(id)).rejects.toThrow(`Container ${id} is already paused`);
    await expect(host.containers.remove('web')).rejects.toThrow(
      'cannot remove container "/web": container is paused and must be unpaused first',
    );
    await host.containers.unpause(id);
    await expect(host.containers.remove('web')).rejects.toMatchObject({
      code: 'conflict',
      message:
        'cannot remove container "/web": container is running: stop the container before removing or force remove',
    });
  });

  it('stops a paused container', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await host.containers.start(id);
    await host.containers.pause(id);
    await host.containers.stop(id, { timeout: 0 });
    expect(host.containers.resolve(id).state.status).toBe('exited');
  });

  it('restarts a running one, a stopped one, and a --rm one', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { AutoRemove: true });
    await host.containers.start(id);
    await host.containers.restart(id, {});
    expect(host.containers.resolve(id).state.pid).toBe(1002);
    expect(host.actions(id)).toEqual(['create', 'start', 'kill', 'die', 'stop', 'start', 'restart']);
    const other = await make(host, 'other');
    await host.containers.restart(other, {});
    expect(host.containers.resolve(other).state.status).toBe('running');
  });
});

describe('remove', () => {
  it('kills with force, gives everything back and frees the name', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await host.containers.start(id);
    await host.containers.remove(id, { force: true });
    expect(() => host.containers.resolve(id)).toThrow('No such container');
    expect(host.actions(id)).toEqual(['create', 'start', 'kill', 'die', 'destroy']);
    expect([host.rows.size, host.layers.size, host.network.sandboxes.size, host.processes.size]).toEqual([0, 0, 0, 0]);
    await make(host, 'web');
  });

  it('aborts a start that is stuck; readers never waited for it', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    const stuck = Promise.withResolvers<void>();
    host.behaviour.onCreate = (_request, signal) =>
      new Promise((_, reject) => {
        stuck.resolve();
        signal?.addEventListener('abort', () => reject(signal.reason));
      });
    const starting = host.containers.start(id);
    const failed = expect(starting).rejects.toMatchObject({ code: 'cancelled' });
    await stuck.promise;
    expect(host.containers.resolve('web').state.status).toBe('created');
    expect(await host.containers.list({ all: true })).toHaveLength(1);
    await host.containers.remove(id, { force: true });
    await failed;
    expect(host.rows.size).toBe(0);
  });

  it('keeps the container when the row cannot be deleted, and can be asked again', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    host.storeFailure.next = 'delete';
    await expect(host.containers.remove(id)).rejects.toThrow();
    expect(host.containers.resolve(id).state.status).toBe('dead');
    await host.containers.remove(id);
    expect(host.rows.size).toBe(0);
  });

  it('prunes stopped containers by label and says what was freed', async () => {
    await using host = await createFakeContainers();
    const labelled = createRequest({ config: { Image: 'box', Labels: { ct: '1' } } });
    const { record } = await host.containers.create(labelled);
    const running = (await host.containers.create(labelled)).record.id;
    await host.containers.start(running);
    await make(host, 'other');
    expect(await host.containers.prune(new Map([['label', ['ct=1']]]))).toEqual({
      deleted: [record.id],
      reclaimed: 10,
    });
    await expect(host.containers.prune(new Map([['until', ['soon']]]))).rejects.toThrow("invalid filter 'until=soon'");
  });
});

describe('rename and update', () => {
  it('renames, and refuses what cannot be', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web');
    await make(host, 'taken');
    await host.containers.rename('web', 'new');
    expect(host.containers.resolve('new').id).toBe(id);
    expect(() => host.containers.resolve('web')).toThrow();
    await expect(host.containers.rename('new', 'taken')).rejects.toMatchObject({ code: 'conflict' });
    await expect(host.containers.rename('new', 'a b')).rejects.toThrow('Invalid container name (a b)');
    await expect(host.containers.rename('new', '')).rejects.toThrow('Neither old nor new names may be empty');
    await make(host, 'web');
  });

  it('updates limits and the restart policy, all or nothing', async () => {
    await using host = await createFakeContainers();
    const MiB = 1024 * 1024;
    const id = await make(host, 'web', { Memory: 64 * MiB, MemorySwap: 64 * MiB });
    await expect(host.containers.update(id, { Memory: 96 * MiB, NanoCpus: 1e9 })).rejects.toThrow(
      'Memory limit should be smaller than already set memoryswap limit',
    );
    await host.containers.update(id, {
      Memory: 96 * MiB,
      MemorySwap: 96 * MiB,
      RestartPolicy: { Name: 'always' },
      PidsLimit: 50,
    });
    expect(host.containers.resolve(id).hostConfig).toMatchObject({
      Memory: 96 * MiB,
      NanoCpus: 0,
      PidsLimit: 50,
      RestartPolicy: { Name: 'always' },
    });
    await expect(host.containers.update(id, { RestartPolicy: { Name: 'sometimes' } })).rejects.toThrow(
      'invalid restart policy',
    );
  });
});
