import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

// Debian's docker-compose (version 1, Python) runs an application of three services as its users do.

const exec = promisify(execFile);
let engine: TestEngine;
let directory: string;
let port: number;

const APPLICATION = (published: string): string => `
version: "2.4"
services:
  db:
    image: gantry/busybox:latest
    command: ["sh", "-c", "echo state > /data/state; exec nc -ll -p 5432 -e cat /data/state"]
    volumes: [data:/data]
    networks: {back: {aliases: [database]}}
    restart: unless-stopped
    mem_limit: 64m
    healthcheck:
      test: ["CMD", "test", "-s", "/data/state"]
      interval: 200ms
      retries: 20
  api:
    image: gantry/busybox:latest
    command: ["sh", "-c", "nc database 5432 > /www/index.html; echo ready; exec httpd -f -p 8000 -h /www"]
    depends_on: {db: {condition: service_healthy}}
    environment: {MODE: "test", EMPTY: ""}
    volumes: [/www]
    networks: [back, front]
    links: ["db:store"]
    stop_grace_period: 1s
  web:
    image: gantry/busybox:latest
    command: ["sh", "-c", "while ! wget -q -O /www/index.html http://api:8000/; do usleep 50000; done; echo serving; exec httpd -f -p 80 -h /www"]
    depends_on: [api]
    tmpfs: [/www]
    networks: [front]
    ports: ["${published}"]
    labels: {role: web}
    stop_signal: SIGKILL
    ulimits: {nofile: {soft: 100, hard: 200}}
    logging: {driver: json-file, options: {max-size: 1m}}
volumes:
  data: {labels: {of: app}}
networks:
  back: {internal: true}
  front: {driver: bridge}
`;

/** docker-compose on this engine; rejects with its words. */
async function compose(...args: string[]): Promise<string> {
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${engine.socket}`,
    COMPOSE_PROJECT_NAME: 'app',
    COMPOSE_HTTP_TIMEOUT: '60',
  };
  try {
    const { stdout } = await exec('docker-compose', ['--ansi', 'never', ...args], {
      cwd: directory,
      env,
      timeout: 90_000,
    });
    return stdout;
  } catch (error) {
    throw new Error(`docker-compose ${args.join(' ')}: ${(error as { stderr?: string }).stderr}`, { cause: error });
  }
}
const page = async (): Promise<string> => (await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim();

beforeAll(async () => {
  engine = await startEngine();
  directory = await mkdtemp(join(tmpdir(), 'gantry-compose-'));
  await writeFile(join(directory, 'docker-compose.yml'), APPLICATION('127.0.0.1::80'));
});
afterAll(async () => {
  await engine?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test('an application of three services: up, ps, logs, exec, scale, restart, a change, down', async () => {
  await compose('up', '-d');
  port = Number((await compose('port', 'web', '80')).trim().split(':')[1]);
  await until(async () => (await page()) === 'state', 'the page made of all three services');

  expect(await compose('ps')).toMatch(
    /app_api_1 .*Up[\s\S]*app_db_1 .*Up \(healthy\)[\s\S]*app_web_1 .*Up .*->80\/tcp/,
  );
  expect(await compose('logs', '--tail', '1', 'api')).toMatch(/api_1\s+\| ready/);
  expect(await compose('exec', '-T', 'api', 'sh', '-c', 'echo "$MODE[$EMPTY]"; nc store 5432')).toBe('test[]\nstate\n');
  expect((await compose('top', 'db')).includes('nc')).toBe(true);
  expect(await compose('exec', '-T', 'web', 'sh', '-c', 'ulimit -n')).toBe('100\n');
  // The back network leads nowhere else, and web is not on it.
  await expect(compose('exec', '-T', 'web', 'ping', '-c', '1', '-W', '1', 'database')).rejects.toThrow();

  await compose('up', '-d', '--scale', 'api=3', '--no-recreate');
  expect((await compose('ps', '-q', 'api')).trim().split('\n')).toHaveLength(3);
  await compose('up', '-d', '--scale', 'api=1');
  expect((await compose('ps', '-q', 'api')).trim().split('\n')).toHaveLength(1);

  await compose('restart', '-t', '1', 'web');
  port = Number((await compose('port', 'web', '80')).trim().split(':')[1]);
  await until(async () => (await page()) === 'state', 'the page after a restart');

  const before = await compose('ps', '-q', 'db', 'web');
  await writeFile(
    join(directory, 'docker-compose.yml'),
    APPLICATION('127.0.0.1::80').replace('role: web', 'role: changed'),
  );
  await compose('up', '-d');
  const after = await compose('ps', '-q', 'db', 'web');
  const [db, web] = before.trim().split('\n');
  expect(after).toContain(db);
  expect(after).not.toContain(web);

  await compose('pause', 'db');
  expect(await compose('ps')).toMatch(/app_db_1 .*Paused/);
  await compose('unpause', 'db');
  await compose('stop', '-t', '1', 'db');
  await compose('start', 'db');
  await compose('kill', 'api');
  expect(await compose('run', '--rm', '-T', '--no-deps', 'api', 'echo', 'one-off')).toBe('one-off\n');

  await compose('down', '-v', '-t', '1');
  expect((await engine.docker('ps', '-aq')).trim()).toBe('');
  // What scale took away left its anonymous volume, as with Docker; the named one is gone.
  expect(await engine.docker('volume', 'ls', '-q')).not.toContain('app_');
  expect(await engine.docker('network', 'ls', '--format', '{{.Name}}')).not.toContain('app_');
});
