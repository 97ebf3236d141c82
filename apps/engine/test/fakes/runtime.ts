import { PassThrough } from 'node:stream';
import type { ContainerExit, ExecProcess, Recovered, Runtime, RuntimeCreate } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { formatNano, nowNano } from '#lib/time.ts';

type Process = { request: RuntimeCreate; started: boolean; paused: boolean; pid: number };

/**
 * A runtime without processes: what a container does is what the test says.
 * It keeps the port's promises: exits are told once, a failed create leaves
 * nothing, remove is idempotent.
 */
export function createFakeRuntime() {
  const processes = new Map<string, Process>();
  const listeners = new Set<(exit: ContainerExit) => void>();
  const calls: string[] = [];
  /** What the next calls are to do instead of working. */
  const behaviour: {
    onCreate?: (request: RuntimeCreate, signal?: AbortSignal) => Promise<void>;
    onStart?: (id: string) => void;
    /** Signals that end the process; SIGKILL always does. */
    diesOf: Set<number>;
    exec?: () => { exitCode: number; output: string };
    recovered: Map<string, Recovered>;
  } = { diesOf: new Set([15]), recovered: new Map() };
  let lastPid = 1000;

  function exit(id: string, exitCode: number, facts: Partial<ContainerExit> = {}): void {
    if (!processes.delete(id)) return;
    const told: ContainerExit = { id, exitCode, oomKilled: false, finishedAt: formatNano(nowNano()), ...facts };
    for (const listener of listeners) listener(told);
  }

  function running(id: string): Process {
    const process = processes.get(id);
    if (!process) throw new EngineError('not_found', `no process for ${id}`);
    return process;
  }

  const runtime: Runtime = {
    async create(request, options = {}) {
      calls.push(`create ${request.id}`);
      await behaviour.onCreate?.(request, options.signal);
      const pid = ++lastPid;
      processes.set(request.id, { request, started: false, paused: false, pid });
      return { pid, pidStartTime: pid * 10 };
    },
    async start(id) {
      calls.push(`start ${id}`);
      running(id).started = true;
      behaviour.onStart?.(id);
    },
    async kill(id, signal) {
      calls.push(`kill ${id} ${signal}`);
      const process = running(id);
      if (signal === 9 || (behaviour.diesOf.has(signal) && !process.paused)) exit(id, 128 + signal);
    },
    async pause(id) {
      running(id).paused = true;
    },
    async resume(id) {
      const process = processes.get(id);
      if (process) process.paused = false;
    },
    async update(id) {
      running(id);
    },
    async remove(id) {
      calls.push(`remove ${id}`);
      exit(id, 137);
    },
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pids: async (id) => (processes.has(id) ? [running(id).pid] : []),
    top: async () => ({ titles: ['PID', 'CMD'], processes: [] }),
    stats: async () => null,
    openStdin: async () => new PassThrough(),
    async resize(id) {
      running(id);
    },
    async exec(id) {
      running(id);
      const { exitCode, output } = behaviour.exec?.() ?? { exitCode: 0, output: '' };
      const stdout = new PassThrough();
      stdout.end(output);
      const process: ExecProcess = {
        pid: ++lastPid,
        stdin: null,
        stdout,
        stderr: null,
        resize: () => undefined,
        kill: () => undefined,
        exited: new Promise((resolve) => stdout.on('end', () => resolve({ exitCode }))),
      };
      return process;
    },
    recover: async () => behaviour.recovered,
  };
  return { runtime, behaviour, processes, calls, exit };
}
