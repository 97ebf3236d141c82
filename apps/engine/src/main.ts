import { chmod, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import pino from 'pino';
import { type Config, ConfigError, loadConfig, usage } from '#config/config.ts';
import { isEngineError } from '#core/errors.ts';
import { makeDirectory } from '#lib/make-directory.ts';
import { forbidCoreDumps } from '#os/core-dumps.ts';
import { composeEngine } from './compose.ts';
import { holdInstance } from './instance.ts';
import { serve } from './serve.ts';

const ROOT = join(import.meta.dirname, '../../..');

async function main(): Promise<void> {
  const { config, settings } = loadConfig(process.argv.slice(2), process.env);
  await assertCanRun(config);
  forbidCoreDumps();
  // Nothing is for others unless it is made so: what containers see is given its mode where it is made.
  process.umask(0o077);
  await makeDirectory(dirname(config.dataRoot), 0o755);
  await makeDirectory(config.dataRoot, 0o710);
  await chmod(config.dataRoot, 0o710);
  // The socket is below it, for a group.
  await makeDirectory(config.runDir, 0o711);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const log = pino({ level: config.logLevel, base: null }, pino.destination(2));
  await holdInstance(config.instance, config.dataRoot);
  const engine = await composeEngine({ config, version, root: ROOT, log });
  const served = await serve({ engine, config, settings, version, root: ROOT, log }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const stop = once(async () => {
    await served.close();
    await engine.close();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stop().then(() => process.exit(0), fail));
  }
  // A defect in one request must not end the engine with containers half told; it is logged with its stack.
  process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'a promise nobody waited for was rejected'));
  process.stdout.write(welcome({ config, version, port: served.port, secret: await engine.access.setupSecret() }));
}

/** What cannot work is said before anything is made. */
async function assertCanRun(config: Config): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new ConfigError(
      'The engine needs root: it makes namespaces, mounts and networks. Start it with: sudo npm start',
    );
  }
  const filesystems = await readFile('/proc/filesystems', 'utf8');
  if (!/\boverlay$/m.test(filesystems)) {
    const modules = 'If it is a module, load it with: modprobe overlay';
    process.stderr.write(`This kernel does not list overlayfs; containers cannot start without it. ${modules}\n`);
  }
  if (!config.allowRemote && !isLoopback(config.host)) {
    throw new ConfigError(
      `The host ${config.host} is not loopback, and passwords would cross the network in the clear. ` +
        'Put a proxy with TLS in front (publicUrl, trustProxy), or accept it with --allow-remote true.',
    );
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** What a person needs to know after a start; programs read the same lines. */
function welcome(facts: { config: Config; version: string; port: number; secret: string | null }): string {
  const { config, version, port, secret } = facts;
  const host = isIP(config.host) === 6 ? `[${config.host}]` : config.host;
  const address = config.publicUrl || `http://${host}:${port}`;
  const first =
    secret === null ? '' : `  First sign-in   open ${address}/setup and enter the set-up secret ${secret}\n`;
  return `\nGantry ${version} is running.\n\n  Dashboard       ${address}\n${first}  Docker socket   ${config.socket}\n\n  export DOCKER_HOST=unix://${config.socket}\n\nCtrl-C ends the engine; containers keep running.\n`;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

function fail(error: unknown): never {
  const shown = error instanceof ConfigError || isEngineError(error) ? error.message : (error as Error).stack;
  process.stderr.write(`\nGantry could not go on: ${shown}\n`);
  process.exit(1);
}

if (process.argv.includes('--help')) process.stdout.write(`${usage()}\n`);
else main().catch(fail);
