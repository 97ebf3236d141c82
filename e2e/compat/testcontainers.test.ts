import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';

// testcontainers for Node as its users use it; only its reaper, an image of its own from a registry, is off.

const IMAGE = 'gantry/busybox:latest';
let engine: TestEngine;
let lib: typeof import('testcontainers');

beforeAll(async () => {
  engine = await startEngine();
  // Read when the library is loaded, so it is loaded after they are set.
  process.env.DOCKER_HOST = `unix://${engine.socket}`;
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  lib = await import('testcontainers');
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const SERVER = 'mkdir -p /www; cp /etc/hostname /www/index.html; echo serving; exec httpd -f -v -p 80 -h /www';

test('a container with exposed ports, a wait strategy, environment, labels and commands', async () => {
  await using container = await new lib.GenericContainer(IMAGE)
    .withCommand(['sh', '-c', SERVER])
    .withEnvironment({ GREETING: 'hello' })
    .withLabels({ of: 'the test' })
    .withExposedPorts(80)
    .withTmpFs({ '/scratch': 'rw,size=1m' })
    .withWaitStrategy(lib.Wait.forAll([lib.Wait.forLogMessage('serving'), lib.Wait.forHttp('/index.html', 80)]))
    .start();
  const answer = await fetch(`http://${container.getHost()}:${container.getMappedPort(80)}/index.html`);
  expect((await answer.text()).trim()).toBe(container.getId().slice(0, 12));
  expect(await container.exec(['sh', '-c', 'echo $GREETING; exit 3'])).toMatchObject({
    output: 'hello\n',
    exitCode: 3,
  });
  expect(container.getLabels()).toMatchObject({ of: 'the test' });
});

test('waiting for ports, for a healthcheck and for a one-shot command', async () => {
  await using listening = await new lib.GenericContainer(IMAGE)
    .withCommand(['sh', '-c', SERVER])
    .withExposedPorts(80)
    .withWaitStrategy(lib.Wait.forListeningPorts())
    .start();
  expect(listening.getFirstMappedPort()).toBeGreaterThan(0);
  await using healthy = await new lib.GenericContainer(IMAGE)
    .withCommand(['sleep', '60'])
    .withHealthCheck({ test: ['CMD-SHELL', 'true'], interval: 100, retries: 3 })
    .withWaitStrategy(lib.Wait.forHealthCheck())
    .start();
  expect(healthy.getId()).toMatch(/^[0-9a-f]{64}$/);
  await using once = await new lib.GenericContainer(IMAGE)
    .withCommand(['true'])
    .withWaitStrategy(lib.Wait.forOneShotStartup())
    .start();
  expect(once.getName()).not.toBe('');
});

test('content and files are copied in before the start and out afterwards', async () => {
  await using container = await new lib.GenericContainer(IMAGE)
    .withCommand(['sh', '-c', 'cat /etc/greeting; sleep 60'])
    .withCopyContentToContainer([{ content: 'copied in\n', target: '/etc/greeting', mode: 0o640 }])
    .withWaitStrategy(lib.Wait.forLogMessage('copied in'))
    .start();
  const { output } = await container.exec(['stat', '-c', '%a', '/etc/greeting']);
  expect(output.trim()).toBe('640');
  const archive = await container.copyArchiveFromContainer('/etc/greeting');
  let bytes = 0;
  for await (const chunk of archive) bytes += (chunk as Buffer).length;
  expect(bytes).toBeGreaterThan(512);
});

test('logs are streamed, networks carry names, restart and stop work', async () => {
  await using network = await new lib.Network().start();
  await using server = await new lib.GenericContainer(IMAGE)
    .withCommand(['sh', '-c', SERVER])
    .withNetwork(network)
    .withNetworkAliases('web')
    .withWaitStrategy(lib.Wait.forLogMessage('serving'))
    .start();
  await using client = await new lib.GenericContainer(IMAGE)
    .withNetwork(network)
    .withCommand(['sh', '-c', 'wget -q -O - http://web/index.html; sleep 60'])
    .withWaitStrategy(lib.Wait.forLogMessage(server.getId().slice(0, 12)))
    .start();
  const lines = await client.logs();
  const first = await new Promise<string>((resolve) => lines.once('data', (line) => resolve(String(line))));
  expect(first).toContain(server.getId().slice(0, 12));
  await client.restart({ timeout: 0 });
  await client.stop({ timeout: 0 });
  expect(await engine.docker('ps', '-aq', '--no-trunc')).not.toContain(client.getId());
});
