import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A real registry on loopback; `host` is what stands before the image's name. */
export async function startRegistry(): Promise<AsyncDisposable & { host: string }> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-registry-'));
  const port = await freePort();
  const config = join(root, 'config.yml');
  await writeFile(
    config,
    [
      'version: 0.1',
      'log: {level: error, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${root}/data}}`,
      `http: {addr: "127.0.0.1:${port}"}`,
      '',
    ].join('\n'),
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await until(async () => (await fetch(`http://127.0.0.1:${port}/v2/`)).ok, 'the registry answers');
  return {
    host: `localhost:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
      await rm(root, { recursive: true, force: true });
    },
  };
}
