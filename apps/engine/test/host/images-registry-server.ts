import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk, start } from '#os/process.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** A real registry on loopback, with user `u` and password `pw` when asked. */
export async function startRegistry(options: { htpasswd: boolean }): Promise<AsyncDisposable & { host: string }> {
  const root = await mkdtemp(join(tmpdir(), 'gantry-registry-'));
  const port = await freePort();
  const lines = [
    'version: 0.1',
    'log: {level: error, accesslog: {disabled: true}}',
    `storage: {filesystem: {rootdirectory: ${root}/data}, delete: {enabled: true}}`,
    `http: {addr: "127.0.0.1:${port}"}`,
  ];
  if (options.htpasswd) {
    await writeFile(join(root, 'htpasswd'), await runOk('htpasswd', ['-Bbn', 'u', 'pw']));
    lines.push(`auth: {htpasswd: {realm: r, path: ${root}/htpasswd}}`);
  }
  await writeFile(join(root, 'config.yml'), `${lines.join('\n')}\n`);
  const child = await start('docker-registry', ['serve', join(root, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/v2/`).then(
      () => true,
      () => false,
    );
    if (isUp) break;
    // The connection is refused at once; give the program its time slice.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    host: `localhost:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A server that answers as a test wants. */
export async function serve(listener: RequestListener): Promise<AsyncDisposable & { host: string }> {
  const server = createHttp(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
