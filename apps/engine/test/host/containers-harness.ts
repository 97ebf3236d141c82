import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { loadConfig } from '#config/config.ts';
import type { CreateRequest } from '#core/containers/request.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import type { EngineEvent } from '#core/events/events.ts';
import { composeEngine, type Engine } from '../../src/compose.ts';
import { createRequest } from '../fakes/containers.ts';

const ROOT = join(import.meta.dirname, '../../../..');
export const IMAGE = 'gantry/busybox';

/** A whole engine without its doors, in directories of its own. */
export type ContainerHost = AsyncDisposable & {
  readonly engine: Engine;
  readonly base: string;
  readonly instance: string;
  /** What was logged as a warning or worse. */
  readonly complaints: string[];
  create(command: string[], patch?: Partial<CreateRequest>): Promise<ContainerRecord>;
  /** Creates, starts and waits for the end; what it printed. */
  run(command: string[], patch?: Partial<CreateRequest>): Promise<{ exitCode: number; output: string; id: string }>;
  output(id: string): string;
  actions(id: string): string[];
  /** Another engine over the same data, as after a restart. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Mounts, control groups, interfaces and namespaces of this instance. */
  held(): string[];
};

export async function openContainerHost(): Promise<ContainerHost> {
  const base = mkdtempSync(join(tmpdir(), 'gantry-containers-'));
  const { config } = loadConfig(['--data-root', join(base, 'data'), '--run-dir', join(base, 'run'), '--port', '0'], {});
  const complaints: string[] = [];
  const log = pino({ level: 'warn', base: null }, { write: (line) => void complaints.push(line) });
  const events: EngineEvent[] = [];
  const open = async () => {
    const opened = await composeEngine({ config, version: '0.0.0', root: ROOT, log });
    opened.events.subscribe((event) => events.push(event));
    return opened;
  };
  let engine = await open();
  // Lines of conmon's log: time, stream, F(ull) or P(artial), text.
  const output = (id: string): string =>
    readFileSync(engine.containers.resolve(id).logPath, 'latin1')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '))
      .map(([, , tag, ...text]) => `${text.join(' ')}${tag === 'F' ? '\n' : ''}`)
      .join('');

  const create: ContainerHost['create'] = async (command, patch = {}) => {
    const config = { Image: IMAGE, Cmd: command, ...patch.config };
    return (await engine.containers.create(createRequest({ ...patch, config }))).record;
  };
  return {
    get engine() {
      return engine;
    },
    base,
    instance: config.instance,
    complaints,
    create,
    output,
    async run(command, patch) {
      const { id } = await create(command, patch);
      const exit = engine.containers.wait(id, 'next-exit');
      await engine.containers.start(id);
      const { exitCode } = await exit;
      return { exitCode, output: output(id), id };
    },
    actions: (id) => events.filter((event) => event.actor.id === id).map((event) => event.action),
    async restart(meanwhile) {
      await engine.close();
      await meanwhile?.();
      engine = await open();
    },
    held: () => held(base, config.instance),
    async [Symbol.asyncDispose]() {
      for (const { id } of engine.containers.all()) await engine.containers.remove(id, { force: true });
      await engine.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function held(base: string, instance: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    // Ready namespaces wait there for the next container.
    .filter((target) => target.startsWith(`${base}/`) && !target.includes('/netns/'));
  const interfaces = readdirSync('/sys/class/net').filter((name) => name.startsWith(`gv${instance}`));
  const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/unified'].flatMap((root) => {
    try {
      return readdirSync(join(root, `gantry-${instance}`)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    } catch {
      return [];
    }
  });
  return [...mounts, ...interfaces, ...groups];
}
