import { describe, expect, it, vi } from 'vitest';
import { createFakeContainers, createRequest } from '#test/fakes/containers.ts';

const make = async (host: Awaited<ReturnType<typeof createFakeContainers>>, name: string, hostConfig = {}) =>
  (await host.containers.create(createRequest({ name, hostConfig }))).record.id;

describe('restart policy', () => {
  it('restarts on failure as often as asked', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
    host.behaviour.onStart = (started) => host.exit(started, 1);
    await host.containers.start(id);
    await vi.waitFor(
      () => expect(host.containers.resolve(id)).toMatchObject({ restartCount: 2, state: { status: 'exited' } }),
      {
        timeout: 3000,
      },
    );
    expect(host.containers.resolve(id).state.exitCode).toBe(1);
    expect(host.actions(id).filter((action) => action === 'start')).toHaveLength(3);
  });

  it('is overruled by stop, also between two starts', async () => {
    await using host = await createFakeContainers();
    const id = await make(host, 'web', { RestartPolicy: { Name: 'always' } });
    await host.containers.start(id);
    await host.containers.stop(id);
    expect(host.containers.resolve(id).state.status).toBe('exited');
    await host.containers.start(id);
    host.exit(id, 0);
    expect(host.containers.resolve(id).state.status).toBe('running');
    await vi.waitFor(() => expect(host.containers.resolve(id).state.status).toBe('restarting'));
    await host.containers.stop(id);
    expect(host.containers.resolve(id).state.status).toBe('exited');
    expect(host.processes.size).toBe(0);
  });
});

describe('recovery', () => {
  it('takes over what runs, notes what ended, finishes what was half done', async () => {
    await using before = await createFakeContainers();
    const ids = {
      runs: await make(before, 'runs'),
      ended: await make(before, 'ended'),
      lost: await make(before, 'lost'),
      comesBack: await make(before, 'comes-back', { RestartPolicy: { Name: 'unless-stopped' } }),
      rm: await make(before, 'rm', { AutoRemove: true }),
    };
    for (const id of Object.values(ids)) await before.containers.start(id);
    await using after = await createFakeContainers({ rows: before.rows, root: before.root });
    after.layers.add('leftover');
    after.behaviour.recovered = new Map([
      [ids.runs, { kind: 'running', pid: 1001, paused: false }],
      [
        ids.ended,
        {
          kind: 'exited',
          exit: { id: ids.ended, exitCode: 5, oomKilled: false, finishedAt: '2026-02-03T04:05:06.000000007Z' },
        },
      ],
      [ids.lost, { kind: 'lost' }],
      [ids.comesBack, { kind: 'lost' }],
      [ids.rm, { kind: 'lost' }],
    ]);
    await after.containers.recover();
    expect(after.containers.resolve('runs').state).toMatchObject({ status: 'running', pid: 1001 });
    expect(after.containers.resolve('ended').state).toMatchObject({
      status: 'exited',
      exitCode: 5,
      finishedAt: '2026-02-03T04:05:06.000000007Z',
    });
    expect(after.containers.resolve('lost').state).toMatchObject({ status: 'exited', exitCode: 255 });
    expect(() => after.containers.resolve('rm')).toThrow('No such container');
    await vi.waitFor(() => expect(after.containers.resolve('comes-back').state.status).toBe('running'));
    expect(after.layers.has('leftover')).toBe(false);
    expect(after.actions(ids.ended)).toEqual(['die']);
    after.behaviour.diesOf.add(15);
  });

  it('does not bring back what the user stopped, except for always', async () => {
    await using before = await createFakeContainers();
    const stopped = await make(before, 'stopped', { RestartPolicy: { Name: 'unless-stopped' } });
    const always = await make(before, 'always', { RestartPolicy: { Name: 'always' } });
    for (const id of [stopped, always]) {
      await before.containers.start(id);
      await before.containers.stop(id);
    }
    await using after = await createFakeContainers({ rows: before.rows, root: before.root });
    await after.containers.recover();
    await vi.waitFor(() => expect(after.containers.resolve('always').state.status).toBe('running'));
    expect(after.containers.resolve('stopped').state.status).toBe('exited');
  });
});

describe('health', () => {
  it('follows the probes', async () => {
    await using host = await createFakeContainers();
    let exitCode = 1;
    host.behaviour.exec = () => ({ exitCode, output: 'probed' });
    const second = 1_000_000_000;
    const { record } = await host.containers.create(
      createRequest({
        config: { Image: 'box', Healthcheck: { Test: ['CMD', 'x'], Interval: second / 50, Retries: 2 } },
      }),
    );
    await host.containers.start(record.id);
    expect(host.containers.resolve(record.id).state.health?.Status).toBe('starting');
    await vi.waitFor(() => expect(host.containers.resolve(record.id).state.health?.Status).toBe('unhealthy'));
    exitCode = 0;
    await vi.waitFor(() => expect(host.containers.resolve(record.id).state.health?.Status).toBe('healthy'));
    expect(host.containers.resolve(record.id).state.health?.Log.at(-1)).toMatchObject({
      ExitCode: 0,
      Output: 'probed',
    });
    expect(host.actions(record.id).filter((action) => action.startsWith('health'))).toEqual([
      'health_status: unhealthy',
      'health_status: healthy',
    ]);
    expect(await host.containers.list({ filters: new Map([['health', ['healthy']]]) })).toHaveLength(1);
  });
});
