import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ExecProcess, ExecRequest } from '#core/containers/ports.ts';
import type { ContainerRecord, ContainerStatus } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import { createEventBus, type EngineEvent } from '#core/events/events.ts';
import { createExecs } from './execs.ts';
import type { ExecConfig } from './types.ts';

const CONFIG: ExecConfig = {
  cmd: ['sh', '-c', 'x'],
  tty: false,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  detachKeys: '',
  privileged: false,
  user: '',
  workingDir: '',
  env: [],
};

function setUp() {
  const told: EngineEvent[] = [];
  const events = createEventBus({
    store: { append: (event) => told.push(event), range: async () => [] },
    now: () => 1n,
    onListenerError: (error) => {
      throw error;
    },
  });
  const container = {
    id: 'c1',
    name: 'web',
    config: { Image: 'box', Labels: { a: 'b' }, WorkingDir: '/srv' },
    state: { status: 'running' as ContainerStatus },
  } as unknown as ContainerRecord;
  const started: { request: ExecRequest; end(exitCode: number): void; sizes: unknown[]; killed: boolean }[] = [];
  let failure: Error | undefined;
  const execs = createExecs({
    containers: {
      resolve(ref) {
        if (ref !== 'web') throw new EngineError('not_found', `No such container: ${ref}`);
        return container;
      },
      get: (id) => (id === 'c1' ? container : undefined),
    },
    runtime: {
      async exec(_id, request) {
        if (failure) throw failure;
        const { promise: exited, resolve } = Promise.withResolvers<{ exitCode: number }>();
        const made = {
          request,
          end: (exitCode: number) => resolve({ exitCode }),
          sizes: [] as unknown[],
          killed: false,
        };
        started.push(made);
        const process: ExecProcess = {
          pid: 42,
          stdin: null,
          stdout: new PassThrough(),
          stderr: null,
          resize: (size) => made.sizes.push(size),
          kill() {
            made.killed = true;
          },
          exited,
        };
        return process;
      },
    },
    events,
  });
  const fail = (error: Error): void => {
    failure = error;
  };
  return { execs, container, started, told, events, fail, actions: () => told.map(({ action }) => action) };
}

describe('execs', () => {
  it('goes from created over running to finished, and tells it', async () => {
    const { execs, started, told, actions } = setUp();
    const { id } = execs.create('web', CONFIG);
    expect(execs.get(id)).toMatchObject({ status: 'created', exitCode: null, pid: 0 });
    expect(execs.idsOf('c1')).toEqual([id]);
    const process = await execs.start(id);
    expect(execs.get(id)).toMatchObject({ status: 'running', pid: 42 });
    expect(started[0]?.request).toMatchObject({ args: CONFIG.cmd, cwd: '/srv', user: '' });
    started[0]?.end(3);
    await process.exited;
    expect(execs.get(id)).toMatchObject({ status: 'finished', exitCode: 3, pid: 0 });
    expect(execs.idsOf('c1')).toEqual([]);
    expect(actions()).toEqual(['exec_create: sh -c x', 'exec_start: sh -c x', 'exec_die']);
    expect(told[2]?.actor.attributes).toEqual({ a: 'b', image: 'box', name: 'web', execID: id, exitCode: '3' });
  });

  it('starts once only', async () => {
    const { execs, started } = setUp();
    const { id } = execs.create('web', CONFIG);
    const process = await execs.start(id);
    await expect(execs.start(id)).rejects.toThrow(`exec command ${id} is already running`);
    started[0]?.end(0);
    await process.exited;
    await expect(execs.start(id)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('keeps the exit code of a command that could not be started', async () => {
    const { execs, fail } = setUp();
    fail(new EngineError('invalid_argument', 'not found', { details: { exitCode: 127 } }));
    const { id } = execs.create('web', CONFIG);
    await expect(execs.start(id)).rejects.toThrow('not found');
    expect(execs.get(id)).toMatchObject({ status: 'finished', exitCode: 127 });
  });

  it.each([
    ['exited', 'container c1 is not running'],
    ['created', 'container c1 is not running'],
    ['paused', 'Container c1 is paused, unpause the container before exec'],
    ['restarting', 'Container c1 is restarting, wait until the container is running'],
  ] as const)('refuses a container that is %s', async (status, message) => {
    const { execs, container } = setUp();
    const { id } = execs.create('web', CONFIG);
    container.state.status = status;
    expect(() => execs.create('web', CONFIG)).toThrow(message);
    await expect(execs.start(id)).rejects.toThrow(message);
  });

  it('refuses no command, unknown ids and names of Object.prototype', () => {
    const { execs } = setUp();
    expect(() => execs.create('web', { ...CONFIG, cmd: [] })).toThrow('No exec command specified');
    for (const id of ['x', '__proto__', 'constructor']) {
      expect(() => execs.get(id)).toThrow(`No such exec instance: ${id}`);
    }
  });

  it('resizes, also while it is only just starting, and kills', async () => {
    const { execs, started } = setUp();
    const { id } = execs.create('web', { ...CONFIG, tty: true });
    expect(() => execs.resize(id, { rows: 1, columns: 1 })).toThrow('is not running');
    const starting = execs.start(id);
    execs.resize(id, { rows: 30, columns: 90 });
    await starting;
    execs.resize(id, { rows: 31, columns: 91 });
    expect(started[0]?.sizes).toEqual([
      { rows: 30, columns: 90 },
      { rows: 31, columns: 91 },
    ]);
    execs.kill(id);
    execs.kill('unknown');
    expect(started[0]?.killed).toBe(true);
    const second = execs.create('web', CONFIG).id;
    const starting2 = execs.start(second);
    execs.kill(second);
    await starting2;
    expect(started[1]?.killed).toBe(true);
  });

  it('forgets with the container, and keeps no more than it should', async () => {
    const { execs, events } = setUp();
    const running = execs.create('web', CONFIG).id;
    await execs.start(running);
    const first = execs.create('web', CONFIG).id;
    for (let index = 0; index < 300; index += 1) execs.create('web', CONFIG);
    expect(() => execs.get(first)).toThrow();
    expect(execs.get(running).status).toBe('running');
    expect(execs.idsOf('c1').length).toBe(256);
    events.publish({ type: 'container', action: 'destroy', id: 'c1', attributes: {} });
    expect(() => execs.get(running)).toThrow();
  });
});
