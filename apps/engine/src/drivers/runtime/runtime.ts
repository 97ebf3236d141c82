import { readdirSync } from 'node:fs';
import type { Runtime, RuntimeStats } from '#core/containers/ports.ts';
import { EngineError } from '#core/errors.ts';
import { nowNano } from '#lib/time.ts';
import { cgroupFreeze, cgroupFrozen, cgroupPids, cgroupPrune, detectCgroups } from '#os/cgroup.ts';
import { cgroupCounters, readHost, readNetworks } from '#os/cgroup-stats.ts';
import { conmonReopenLog, conmonResize } from '#os/conmon.ts';
import { isAlive, signalProcess } from '#os/proc.ts';
import { runOk } from '#os/process.ts';
import { closeInheritedOnExec } from '#os/rootfile.ts';
import { chooseRuntime, runtimeUpdate } from '#os/runc.ts';
import { type Live, makePaths, runtimePaths } from './bundle.ts';
import { exec } from './exec.ts';
import { createExits } from './exits.ts';
import { createFileWatch } from './file-watch.ts';
import { detectHost } from './host.ts';
import { openInput } from './input.ts';
import { createLifecycle } from './lifecycle.ts';
import { recover } from './recover.ts';
import { updateResources } from './resources.ts';
import { top } from './top.ts';

export type RuntimeDeps = {
  /** For sockets, pid files and the runtime's state; on a tmpfs. */
  runDir: string;
  /** Host directory below which containers' roots are mounted: stale ones are unmounted by `recover`. */
  rootfsBase: string;
  /** Tells this engine's control groups from those of another. */
  instance: string;
  runtime: 'auto' | 'runc' | 'crun';
  /** Path of the default profile in Docker's format. */
  seccompProfile: string;
  log: { warn(fields: object, text: string): void };
};

export type RuntimeInfo = {
  name: 'runc' | 'crun';
  path: string;
  version: string;
  conmonVersion: string;
  cgroupVersion: 1 | 2;
  cgroupParent: string;
  apparmor: boolean;
  /** Path of the program for `--init`; undefined when there is none. */
  init: string | undefined;
  swapLimit: boolean;
};

export type EmbeddedRuntime = Runtime & {
  readonly info: RuntimeInfo;
  /** After the log file was renamed: the container's output goes on in a new file of the old name. */
  reopenLog(id: string): void;
  /** Stops watching. Containers go on. */
  close(): void;
};

/**
 * The embedded runtime: an OCI runtime with conmon as the parent of every
 * container. Errors: `unavailable` when a program is missing.
 */
export async function createRuntime(deps: RuntimeDeps): Promise<EmbeddedRuntime> {
  closeInheritedOnExec(readdirSync('/proc/self/fd').map(Number));
  const paths = runtimePaths(deps.runDir);
  await makePaths(paths);
  const cgroups = detectCgroups();
  const cgroupParent = `/gantry-${deps.instance}`;
  const [runtime, conmonText] = await Promise.all([
    chooseRuntime(deps.runtime, cgroups, paths.state),
    runOk('conmon', ['--version'], { timeout: 10_000 }),
  ]);
  const warn = deps.log.warn.bind(deps.log);
  const host = await detectHost({
    cgroups,
    cgroupParent,
    seccompProfile: deps.seccompProfile,
    warn: (text) => warn({}, text),
  });
  const live = new Map<string, Live>();
  const exits = createExits({ directory: paths.exits, cgroups, live, warn });
  const execWatch = createFileWatch(paths.execs, (err) => warn({ err }, 'watching for started processes failed'));
  const lifecycle = createLifecycle({ paths, runtime, cgroups, cgroupParent, host, live, exits, warn });
  const execDeps = {
    runtime,
    directory: paths.execs,
    capabilities: host.capabilities,
    onFile: execWatch.onFile,
  };

  /** The container while its process lives; `conflict` in Docker's words otherwise. */
  function running(id: string): Live {
    const container = live.get(id);
    if (container && !container.exited && isAlive(container.pid, container.pidStartTime)) return container;
    throw new EngineError('conflict', `container ${id} is not running`);
  }

  function stats(id: string): RuntimeStats | null {
    const container = live.get(id);
    if (!container || container.exited) return null;
    const { cpuNs, onlineCpus, memoryTotal } = readHost();
    const counters = cgroupCounters(cgroups, container.cgroup, memoryTotal);
    if (!counters) return null;
    const networks = container.ownNetwork ? readNetworks(container.pid) : {};
    return { readAt: nowNano(), hostCpuNs: cpuNs, onlineCpus, ...counters, networks };
  }

  return {
    info: {
      name: runtime.name,
      path: runtime.path,
      version: runtime.version,
      conmonVersion: /version (\S+)/.exec(conmonText)?.[1] ?? 'unknown',
      cgroupVersion: cgroups.version,
      cgroupParent,
      apparmor: host.apparmor,
      init: host.init,
      swapLimit: host.support.swap,
    },
    create: lifecycle.create,
    start: lifecycle.start,
    remove: lifecycle.remove,
    onExit: exits.onExit,
    async kill(id, signal, options = {}) {
      const container = running(id);
      const pids = options.all ? cgroupPids(cgroups, container.cgroup) : [container.pid];
      for (const pid of pids) signalProcess(pid, signal);
      // A frozen process dies only after it is thawed.
      if (signal === 9 && cgroupFrozen(cgroups, container.cgroup)) await cgroupFreeze(cgroups, container.cgroup, false);
    },
    pause: async (id) => cgroupFreeze(cgroups, running(id).cgroup, true),
    resume: async (id) => cgroupFreeze(cgroups, running(id).cgroup, false),
    update: async (id, limits) => runtimeUpdate(runtime, running(id).id, updateResources(limits, host.support)),
    pids: async (id) => cgroupPids(cgroups, running(id).cgroup),
    top: async (id, psArgs) => top(cgroupPids(cgroups, running(id).cgroup), psArgs),
    stats: async (id) => stats(id),
    async openStdin(id) {
      const container = live.get(id);
      if (!container || container.exited) throw new EngineError('conflict', `container ${id} is not running`);
      return openInput(container.bundle);
    },
    resize: async (id, { rows, columns }) => conmonResize(running(id).bundle, rows, columns),
    exec: async (id, request, options) => exec(execDeps, running(id), request, options),
    recover: (known) =>
      recover(
        {
          paths,
          cgroups,
          cgroupParent,
          rootfsBase: deps.rootfsBase,
          exitOf: exits.exitOf,
          adopt: (container) => live.set(container.id, container),
          remove: lifecycle.remove,
          warn,
        },
        known,
      ),
    reopenLog: (id) => conmonReopenLog(running(id).bundle),
    close() {
      exits.close();
      execWatch.close();
      // Without a container there is nothing to come back to; with one the groups are in use and stay.
      cgroupPrune(cgroups, `${cgroupParent}/supervisors`, '/');
    },
  };
}
