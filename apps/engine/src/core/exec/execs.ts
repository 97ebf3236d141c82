import { auditScope } from '#core/audit/scope.ts';
import { announce } from '#core/containers/announce.ts';
import type { ExecProcess, Runtime } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import { newId } from '#lib/ids.ts';
import type { ExecConfig, ExecRecord } from './types.ts';

export type Execs = {
  /** Errors: not_found, conflict (not running, paused), invalid_argument (no command). */
  create(containerRef: string, config: ExecConfig): ExecRecord;
  /** The exec by its full id. Throws not_found `No such exec instance: x`. */
  get(id: string): ExecRecord;
  /** Throws what would keep `start` from starting it; for callers that must answer before they start. */
  assertStartable(id: string): ExecRecord;
  /**
   * Runs it. The caller owns the streams and must read them to the end. A command that cannot run is a finished exec
   * with exit code 126 or 127 and an error in Docker's words.
   */
  start(id: string, options?: StartOptions): Promise<ExecProcess>;
  /** Remembers the size when the process is only just starting. */
  resize(id: string, size: { rows: number; columns: number }): void;
  /** Ends the process and its children with SIGKILL; nothing to do when it is not running. */
  kill(id: string): void;
  /** The client left by its detach keys; the process goes on. */
  detached(id: string): void;
  /** Ids of execs of a container that are not finished. */
  idsOf(containerId: string): string[];
  /** Number running, on all containers. */
  running(): number;
};

export type StartOptions = {
  tty?: boolean;
  size?: { rows: number; columns: number };
  signal?: AbortSignal;
};

export type ExecsDeps = {
  containers: { resolve(ref: string): ContainerRecord; get(id: string): ContainerRecord | undefined };
  runtime: Pick<Runtime, 'exec'>;
  events: Pick<EventBus, 'publish' | 'subscribe'>;
};

type Entry = {
  record: ExecRecord;
  process: ExecProcess | null;
  wantedSize: { rows: number; columns: number } | null;
  /** Asked to end while it was only just starting. */
  doomed: boolean;
};

/** Records kept per container beside the running ones: enough to read an exit code late, not enough to fill memory. */
const KEPT_PER_CONTAINER = 256;

/** Commands run inside containers. Siblings: containers. */
export function createExecs({ containers, runtime, events }: ExecsDeps): Execs {
  const entries = new Map<string, Entry>();
  const byContainer = new Map<string, Set<string>>();

  events.subscribe((event) => {
    if (event.type !== 'container' || event.action !== 'destroy') return;
    for (const id of byContainer.get(event.actor.id) ?? []) entries.delete(id);
    byContainer.delete(event.actor.id);
  });

  const find = (id: string): Entry => {
    const entry = entries.get(id);
    if (!entry) throw new EngineError('not_found', `No such exec instance: ${id}`);
    return entry;
  };

  const keep = (record: ExecRecord): void => {
    const ids = byContainer.get(record.containerId) ?? new Set();
    byContainer.set(record.containerId, ids);
    if (ids.size >= KEPT_PER_CONTAINER) {
      // Sets keep their order: the first that does not run is the oldest one.
      for (const id of ids) {
        if (entries.get(id)?.record.status === 'running') continue;
        ids.delete(id);
        entries.delete(id);
        break;
      }
    }
    ids.add(record.id);
    entries.set(record.id, { record, process: null, wantedSize: null, doomed: false });
  };

  const tell = (record: ExecRecord, action: string, attributes: Record<string, string> = {}): void => {
    const container = containers.get(record.containerId);
    if (container) announce({ events }, container, action, { ...attributes, execID: record.id });
  };

  const finish = (entry: Entry, exitCode: number): void => {
    entry.record.status = 'finished';
    entry.record.exitCode = exitCode;
    entry.record.pid = 0;
    entry.process = null;
    tell(entry.record, 'exec_die', { exitCode: String(exitCode) });
  };

  const assertStartable = (id: string): Entry => {
    const entry = find(id);
    const { record } = entry;
    if (record.status === 'running') throw new EngineError('conflict', `exec command ${id} is already running`);
    if (record.status === 'finished') throw new EngineError('conflict', `exec command ${id} has already run`);
    const container = containers.get(record.containerId);
    if (!container) throw new EngineError('not_found', `No such exec instance: ${id}`);
    assertRunning(container);
    auditScope.object('container', container.id, container.name);
    auditScope.detail({ command: record.config.cmd });
    return entry;
  };

  return {
    create(containerRef, config) {
      const container = containers.resolve(containerRef);
      assertRunning(container);
      if (config.cmd.length === 0) throw new EngineError('invalid_argument', 'No exec command specified');
      const record: ExecRecord = {
        id: newId(),
        containerId: container.id,
        config,
        status: 'created',
        exitCode: null,
        pid: 0,
      };
      auditScope.object('container', container.id, container.name);
      auditScope.detail({ command: config.cmd, user: config.user, privileged: config.privileged });
      keep(record);
      tell(record, `exec_create: ${commandText(config.cmd)}`);
      return record;
    },
    get: (id) => find(id).record,
    assertStartable: (id) => assertStartable(id).record,
    async start(id, options = {}) {
      const entry = assertStartable(id);
      const container = containers.get(entry.record.containerId) as ContainerRecord;
      return run(entry, container, options);
    },
    resize(id, size) {
      const entry = find(id);
      if (entry.record.status !== 'running') throw new EngineError('conflict', `exec process ${id} is not running`);
      if (entry.process) entry.process.resize(size);
      else entry.wantedSize = size;
    },
    kill(id) {
      const entry = entries.get(id);
      if (entry?.process) entry.process.kill();
      else if (entry?.record.status === 'running') entry.doomed = true;
    },
    detached(id) {
      const entry = entries.get(id);
      if (entry) tell(entry.record, 'exec_detach');
    },
    idsOf: (containerId) =>
      [...(byContainer.get(containerId) ?? [])].filter((id) => entries.get(id)?.record.status !== 'finished'),
    running: () => [...entries.values()].filter((entry) => entry.record.status === 'running').length,
  };

  async function run(entry: Entry, container: ContainerRecord, options: StartOptions): Promise<ExecProcess> {
    const { record } = entry;
    const { config } = record;
    record.status = 'running';
    tell(record, `exec_start: ${commandText(config.cmd)}`);
    let process: ExecProcess;
    try {
      const size = options.size ?? config.size;
      process = await runtime.exec(
        container.id,
        {
          args: config.cmd,
          env: config.env,
          cwd: config.workingDir || container.config.WorkingDir || '/',
          user: config.user,
          tty: config.tty,
          stdin: config.attachStdin,
          privileged: config.privileged,
          ...(size ? { size } : {}),
        },
        options.signal ? { signal: options.signal } : {},
      );
    } catch (error) {
      const code = isEngineError(error) ? error.details?.exitCode : undefined;
      finish(entry, typeof code === 'number' ? code : 126);
      throw error;
    }
    entry.process = process;
    record.pid = process.pid;
    process.started?.then(
      () => {
        if (record.status === 'running') record.pid = process.pid;
      },
      () => undefined,
    );
    if (entry.wantedSize) process.resize(entry.wantedSize);
    if (entry.doomed) process.kill();
    process.exited.then(
      ({ exitCode }) => finish(entry, exitCode),
      () => finish(entry, 126),
    );
    return process;
  }
}

/** Docker's spelling, with its blank after a command without arguments: what matches on it must match here. */
const commandText = ([program = '', ...args]: readonly string[]): string => `${program} ${args.join(' ')}`;

function assertRunning(container: ContainerRecord): void {
  const { status } = container.state;
  if (status === 'paused') {
    throw new EngineError('conflict', `Container ${container.id} is paused, unpause the container before exec`);
  }
  if (status === 'restarting') {
    throw new EngineError('conflict', `Container ${container.id} is restarting, wait until the container is running`);
  }
  if (status !== 'running') throw new EngineError('conflict', `container ${container.id} is not running`);
}
