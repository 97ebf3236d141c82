import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pino from 'pino';
import { ConfigError, loadConfig, usage } from '#config/config.ts';
import { composeEngine } from './compose.ts';
import { serve } from './serve.ts';

const ROOT = join(import.meta.dirname, '../../..');

async function main(): Promise<void> {
  const { config } = loadConfig(process.argv.slice(2), process.env);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const log = pino({ level: config.logLevel, base: null }, pino.destination(2));
  const engine = await composeEngine({ config, version, root: ROOT, log });
  const served = await serve({ engine, config, version, log });
  process.stdout.write(
    `Gantry ${version} is running.\n  Dashboard       http://${config.host}:${served.port}\n  export DOCKER_HOST=unix://${config.socket}\n`,
  );
  const stop = async (): Promise<void> => {
    await served.close();
    await engine.close();
    process.exit(0);
  };
  process.once('SIGINT', () => void stop());
  process.once('SIGTERM', () => void stop());
}

if (process.argv.includes('--help')) {
  process.stdout.write(`${usage()}\n`);
} else {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof ConfigError ? error.message : ((error as Error).stack ?? error)}\n`);
    process.exit(1);
  });
}
