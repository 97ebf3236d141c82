import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import pino from 'pino';
import { loadConfig } from '#config/config.ts';
import type { Hosts } from '#hosts/hosts.ts';
import { composeEngine } from '../../src/compose.ts';
import { serve } from '../../src/serve.ts';

const ROOT = join(import.meta.dirname, '../../../..');

/** The composition of main.ts inside this process: the only place where the in-memory door can be reached. */
export type WholeEngine = {
  readonly hosts: Hosts;
  readonly socket: string;
  readonly url: string;
  /** A personal API token of the admin, made by the REST API as a browser does. */
  createToken(): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function startWholeEngine(): Promise<WholeEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-whole-'));
  const argv = ['--data-root', join(directory, 'data'), '--run-dir', join(directory, 'run'), '--port', '0'];
  const { config, settings } = loadConfig(argv, {});
  const log = pino({ level: 'warn' }, pino.destination(2));
  const engine = await composeEngine({ config, version: 'test', root: ROOT, log });
  const served = await serve({ engine, config, settings, version: 'test', root: ROOT, log });
  const url = `http://127.0.0.1:${served.port}`;
  const post = async (path: string, body: unknown, cookie: string): Promise<Response> => {
    const headers = { 'content-type': 'application/json', 'x-gantry-request': '1', origin: url, cookie };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    hosts: served.hosts,
    socket: config.socket,
    url,
    async createToken() {
      const secret = await engine.access.setupSecret();
      const account = { secret, username: 'admin', password: 'eleven lamps at the harbour' };
      const signedIn = await post('/api/v1/setup', account, '');
      const cookie = signedIn.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ');
      const made = await post('/api/v1/tokens', { name: 'test', scope: 'full', days: 1 }, cookie);
      return ((await made.json()) as { secret: string }).secret;
    },
    async [Symbol.asyncDispose]() {
      const docker = new Docker({ socketPath: config.socket });
      const left = await docker.listContainers({ all: true });
      await Promise.allSettled(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
      await served.close();
      await engine.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
