import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENGINE_PRINCIPAL } from '#core/access/principal.ts';
import { startWholeEngine, type WholeEngine } from './whole-engine.ts';

const IMAGE = 'gantry/busybox:latest';
let engine: WholeEngine;
let token: string;

beforeAll(async () => {
  engine = await startWholeEngine();
  token = await engine.createToken();
});
afterAll(() => engine?.[Symbol.asyncDispose]());

/** One script over every door: they lead to the same handlers. */
const doors: [string, () => Docker][] = [
  ['memory', () => engine.hosts.docker('local', ENGINE_PRINCIPAL)],
  ['unix socket', () => new Docker({ socketPath: engine.socket })],
  [
    'TCP with a token',
    () => {
      const { hostname, port } = new URL(engine.url);
      return new Docker({
        protocol: 'http',
        host: hostname,
        port,
        version: 'v1.43',
        headers: { Authorization: `Bearer ${token}` },
      });
    },
  ],
];

describe.each(doors)('dockerode over %s', (_name, connect) => {
  test('lists, inspects and knows the versions', async () => {
    const docker = connect();
    expect((await docker.ping()).toString()).toBe('OK');
    expect((await docker.version()).ApiVersion).toBe('1.51');
    const images = await docker.listImages();
    expect(images.flatMap((image) => image.RepoTags ?? [])).toContain(IMAGE);
    expect((await docker.getImage(IMAGE).inspect()).Os).toBe('linux');
  });

  test('runs a container to its end, with both streams apart and the exit code', async () => {
    const docker = connect();
    const [out, err] = [new PassThrough(), new PassThrough()];
    const texts = Promise.all([text(out), text(err)]);
    const [result, container] = await docker.run(IMAGE, ['sh', '-c', 'echo one; echo two >&2; exit 3'], [out, err], {
      Tty: false,
    });
    out.end();
    err.end();
    expect(result.StatusCode).toBe(3);
    expect(await texts).toEqual(['one\n', 'two\n']);
    await container.remove();
  });

  test('execs with input by a hijacked connection, and half-close ends the input', async () => {
    const docker = connect();
    const container = await docker.createContainer({ Image: IMAGE, Cmd: ['sleep', '300'] });
    try {
      await container.start();
      const exec = await container.exec({
        Cmd: ['sh', '-c', 'wc -c; exit 5'],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
      });
      const stream = await exec.start({ hijack: true, stdin: true });
      const out = new PassThrough();
      const said = text(out);
      docker.modem.demuxStream(stream, out, out);
      stream.on('end', () => out.end());
      stream.write('x'.repeat(100_000));
      stream.end();
      expect((await said).trim()).toBe('100000');
      expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 5 });
    } finally {
      await container.remove({ force: true });
    }
  });

  test('follows logs and events, and hears of the exit', async () => {
    const docker = connect();
    const container = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['sh', '-c', 'for i in 1 2 3; do echo line$i; done; exit 4'],
    });
    const events = await docker.getEvents({ filters: { container: [container.id], event: ['die'] } });
    const died = new Promise<{ Action: string; Actor: { Attributes: Record<string, string> } }>((resolve) => {
      events.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString())));
    });
    const waiting = container.wait({ condition: 'next-exit' });
    await container.start();
    const logs = await container.logs({ follow: true, stdout: true, stderr: true });
    const out = new PassThrough();
    const said = text(out);
    docker.modem.demuxStream(logs, out, out);
    logs.on('end', () => out.end());
    expect(await said).toBe('line1\nline2\nline3\n');
    expect(await waiting).toMatchObject({ StatusCode: 4 });
    expect((await died).Actor.Attributes.exitCode).toBe('4');
    (events as unknown as { destroy(): void }).destroy();
    await container.remove();
  });

  test('an unknown container is 404 with a message in Docker’s words', async () => {
    await expect(connect().getContainer('nosuch').inspect()).rejects.toMatchObject({
      statusCode: 404,
      json: { message: 'No such container: nosuch' },
    });
  });

  test('callbacks: create, attach, start, wait, inspect, rename, update, remove', async () => {
    const docker = connect();
    type Done<T> = (error: unknown, result?: T) => void;
    const called = <T>(start: (done: Done<T>) => void): Promise<T> =>
      new Promise((resolve, reject) => {
        start((error, result) => (error ? reject(error as Error) : resolve(result as T)));
      });
    const options = {
      Image: IMAGE,
      Tty: true,
      OpenStdin: true,
      StdinOnce: true,
      Cmd: ['sh', '-c', 'read x; echo got $x'],
    };
    const container = await called<Docker.Container>((done) => docker.createContainer(options, done));
    const attach = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    const stream = await called<NodeJS.ReadWriteStream>((done) => container.attach(attach, done));
    const said = text(stream);
    await called((done) => container.start(done));
    await called((done) => container.resize({ h: 20, w: 70 }, done));
    stream.write('word\n');
    expect(await called((done) => container.wait(done))).toEqual({ StatusCode: 0 });
    expect(await said).toContain('got word');
    await called((done) => container.rename({ name: `renamed-${container.id.slice(0, 8)}` }, done));
    await called((done) => container.update({ CpuShares: 512 }, done));
    const info = await called<Docker.ContainerInspectInfo>((done) => container.inspect(done));
    expect(info).toMatchObject({ Name: `/renamed-${container.id.slice(0, 8)}`, HostConfig: { CpuShares: 512 } });
    const list = await called<Docker.ContainerInfo[]>((done) => docker.listContainers({ all: true }, done));
    expect(list.map(({ Id }) => Id)).toContain(container.id);
    await called((done) => container.remove(done));
    await expect(called((done) => container.inspect(done))).rejects.toMatchObject({ statusCode: 404 });
  });

  test('stats in one shot, top, a volume and a network', async () => {
    const docker = connect();
    const container = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['sleep', '300'],
      HostConfig: { Memory: 64 * 1024 * 1024 },
    });
    try {
      await container.start();
      const stats = (await container.stats({ stream: false, 'one-shot': true })) as Docker.ContainerStats;
      expect(stats.memory_stats.limit).toBe(64 * 1024 * 1024);
      expect(stats.pids_stats?.current).toBe(1);
      expect(JSON.stringify(await container.top())).toContain('sleep 300');
      const volume = await docker.createVolume({ Name: `v${Date.now()}` });
      expect((await docker.listVolumes()).Volumes.map(({ Name }) => Name)).toContain(volume.name);
      await docker.getVolume(volume.name).remove();
      expect((await docker.getNetwork('bridge').inspect()).Driver).toBe('bridge');
    } finally {
      await container.remove({ force: true });
    }
  });
});

test('TCP without a token is refused', async () => {
  const { hostname, port } = new URL(engine.url);
  const docker = new Docker({ protocol: 'http', host: hostname, port, version: 'v1.43' });
  await expect(docker.listContainers()).rejects.toMatchObject({ statusCode: 401 });
});

test('a hundred requests over one kept connection leave no descriptor behind', async () => {
  const docker = new Docker({ socketPath: engine.socket });
  for (let i = 0; i < 100; i++) await docker.listContainers({ all: true });
  expect((await docker.listContainers({ all: true })).length).toBe(0);
});
