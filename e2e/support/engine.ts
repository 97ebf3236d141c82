import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '../..');
const NODE = join(ROOT, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
const exec = promisify(execFile);

/** A real engine of the test's own: own data root, run directory, socket and port. */
export type TestEngine = {
  readonly url: string;
  readonly socket: string;
  readonly dataRoot: string;
  /** Printed only while no account exists. */
  readonly setupSecret: string;
  readonly pid: number;
  /** Everything it printed, for the message of a failed test. */
  output(): string;
  /** The docker CLI on this engine; rejects on a non-zero exit with stderr in the message. */
  docker(...args: string[]): Promise<string>;
  /** SIGKILL, as a crash. Containers go on. */
  crash(): Promise<void>;
  /** A new process on the same data root, after crash() or stop(). */
  restart(): Promise<void>;
  /** Ends it and removes every container, mount, namespace, rule and file it made. */
  [Symbol.asyncDispose](): Promise<void>;
};

type Running = { child: ChildProcess; url: string; socket: string; setupSecret: string };

export async function startEngine(options: { args?: string[] } = {}): Promise<TestEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'gantry-e2e-'));
  const dataRoot = join(directory, 'data');
  const config = join(directory, 'gantry.json');
  const socket = join(directory, 'run', 'docker.sock');
  await writeFile(config, JSON.stringify({ dataRoot, runDir: join(directory, 'run'), socket, port: 0 }));
  const printed: string[] = [];
  const launch = (): Promise<Running> => boot(['--config', config, ...(options.args ?? [])], printed);
  let running = await launch().catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true });
    throw error;
  });
  const docker = async (...args: string[]): Promise<string> => {
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${running.socket}`,
      DOCKER_CONFIG: directory,
      DOCKER_CLI_HINTS: 'false',
    };
    const { stdout } = await exec('docker', args, { env, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 });
    return stdout;
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (running.child.exitCode !== null || running.child.signalCode !== null) return;
    const exited = once(running.child, 'exit');
    running.child.kill(signal);
    await exited;
  };
  return {
    get url() {
      return running.url;
    },
    get socket() {
      return running.socket;
    },
    get setupSecret() {
      return running.setupSecret;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    dataRoot,
    output: () => printed.join(''),
    docker,
    crash: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      running = await launch();
    },
    async [Symbol.asyncDispose]() {
      try {
        if (running.child.exitCode !== null || running.child.signalCode !== null) running = await launch();
        const ids = (await docker('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
        if (ids.length > 0) await docker('rm', '-f', '-v', ...ids);
        const networks = (await docker('network', 'ls', '-q', '--filter', 'type=custom')).split('\n').filter(Boolean);
        if (networks.length > 0) await docker('network', 'rm', ...networks);
      } finally {
        await end('SIGTERM');
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

/** Starts the process and waits for the lines that say it is ready. */
function boot(args: string[], printed: string[]): Promise<Running> {
  const child = spawn(NODE, [join(ROOT, 'apps/engine/src/main.ts'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer): void => {
      printed.push(chunk.toString());
      if (printed.length > 5000) printed.splice(0, 1000);
      text += chunk.toString();
      const url = /Dashboard\s+(http\S+)/.exec(text)?.[1];
      const socket = /DOCKER_HOST=unix:\/\/(\S+)/.exec(text)?.[1];
      if (!url || !socket) return;
      child.stdout?.off('data', take);
      child.stdout?.on('data', (more: Buffer) => printed.push(more.toString()));
      resolve({ child, url, socket, setupSecret: /[Ss]et-up secret\s+(\S+)/.exec(text)?.[1] ?? '' });
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
    child.once('exit', (code) =>
      reject(new Error(`the engine ended with ${code} before it was ready:\n${printed.join('')}`)),
    );
    child.once('error', reject);
  });
}

/** Text of a file below the repository, for fixtures. */
export const repositoryFile = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');
