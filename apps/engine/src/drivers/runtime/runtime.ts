import { existsSync, readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime, RuntimeStats } from '#core/containers/ports.ts';
import type { HostLimits } from '#core/containers/request.ts';
import { EngineError } from '#core/errors.ts';
import { newId } from '#lib/ids.ts';
import { nowNano } from '#lib/time.ts';
import { cgroupFreeze, cgroupFrozen, cgroupPids, cgroupPrune, cgroupUnlimitPids, detectCgroups } from '#os/cgroup.ts';
import { cgroupCounters, readHost, readNetworks } from '#os/cgroup-stats.ts';
import { conmonReopenLog, conmonResize } from '#os/conmon.ts';
import { isAlive, signalProcess } from '#os/proc.ts';
import { runOk } from '#os/process.ts';
import { closeInheritedOnExec } from '#os/rootfile.ts';
import { loadRuntimes, type OciRuntime, type RuntimeName, runtimeUpdate } from '#os/runc.ts';
import { type Live, makePaths, runtimePaths } from './bundle.ts';
import { exec } from './exec.ts';
import { createExits } from './exits.ts';
import { createFileWatch } from './file-watch.ts';
import { detectHost } from './host.ts';
import { openInput } from './input.ts';
import { createLifecycle } from './lifecycle.ts';
import { recover } from './recover.ts';
import { updateResources } from './resources.ts';
import type { SpecHost } from './spec.ts';
import { top } from './top.ts';

export type RuntimeDeps = {
  /** For sockets, pid files and the runtime's state; on a tmpfs. */
  runDir: string;
  /** Host directory below which containers' roots are mounted: stale ones are unmounted by `recover`. */
  rootfsBase: string;
  /** Further host directories below which mounts come and go with containers. */
  mountedBelow?: readonly string[];
  /** Tells this engine's control groups from those of another. */
  instance: string;
  runtime: 'auto' | 'runc' | 'crun';
  /** Path of the default profile in Docker's format. */
  seccompProfile: string;
  log: { warn(fields: object, text: string): void };
};

export type RuntimeInfo = {
  name: RuntimeName;
  path: string;
  version: string;
  /** All that a container may name, the standard one first. */
  runtimes: ReadonlyMap<string, { path: string; version: string }>;
  conmonVersion: string;
  cgroupVersion: 1 | 2;
  cgroupParent: string;
  apparmor: boolean;
  /** Path of the program for `--init`; undefined when there is none. */
  init: string | undefined;
  swapLimit: boolean;
  limits: HostLimits;
};

export type EmbeddedRuntime = Runtime & {
  readonly info: RuntimeInfo;
  /** After the log file was renamed: the container's output goes on in a new file of the old name. */
  reopenLog(id: string): void;
  /** Stops watching. Containers go on. */
  close(): void;
};

function limitsOf({ support, capabilities, limits, oomScoreAdj, apparmor }: SpecHost): HostLimits {
  const mayRaise = capabilities.includes('CAP_SYS_RESOURCE');
  return {
    swap: support.swap,
    swappiness: support.cgroupVersion === 1,
    oomKillDisable: support.cgroupVersion === 1,
    blkioWeight: support.blkioWeight,
    realtime: support.realtime,
    ...(mayRaise ? {} : { ulimits: limits }),
    lowestOomScore: mayRaise ? -1000 : oomScoreAdj,
    apparmor,
  };
}

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
  const mounted = [deps.rootfsBase, ...(deps.mountedBelow ?? [])];
  const [runtimes, conmonText] = await Promise.all([
    loadRuntimes(deps.runtime, cgroups, { root: paths.state, mounted }),
    runOk('conmon', ['--version'], { timeout: 10_000 }),
  ]);
  const { standard } = runtimes;
  const warn = deps.log.warn.bind(deps.log);
  const host = await detectHost({
    cgroups,
    cgroupParent,
    seccompProfile: deps.seccompProfile,
    warn: (text) => warn({}, text),
  });
  const live = new Map<string, Live>();
  /** Each keeps a file of another name; a container may be older than the choice. */
  const runtimeOf = (id: string): OciRuntime =>
    runtimes.all.get(existsSync(join(paths.state, id, 'state.json')) ? 'runc' : 'crun') ?? standard;
  const exits = createExits({ directory: paths.exits, cgroups, live, warn });
  const execWatch = createFileWatch(paths.execs, (err) => warn({ err }, 'watching for started processes failed'));
  const lifecycle = createLifecycle({ paths, runtimes, runtimeOf, cgroups, cgroupParent, host, live, exits, warn });
  const execDeps = {
    runtimeOf,
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
      name: standard.name,
      path: standard.path,
      version: standard.version,
      runtimes: runtimes.all,
      conmonVersion: /version (\S+)/.exec(conmonText)?.[1] ?? 'unknown',
      cgroupVersion: cgroups.version,
      cgroupParent,
      apparmor: host.apparmor,
      init: host.init,
      swapLimit: host.support.swap,
      limits: limitsOf(host),
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
    async update(id, limits) {
      const { bundle, cgroup } = running(id);
      if (!limits.PidsLimit || limits.PidsLimit < 0) await cgroupUnlimitPids(cgroups, cgroup);
      const file = join(bundle, `${newId()}.json`);
      await writeFile(file, JSON.stringify(updateResources(limits, host.support)), { mode: 0o600 });
      try {
        await runtimeUpdate(runtimeOf(id), id, file);
      } finally {
        await rm(file, { force: true });
      }
    },
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
          start: lifecycle.start,
          remove: lifecycle.remove,
          warn,
        },
        known,
      ),
    reopenLog: (id) => conmonReopenLog(running(id).bundle),
    close() {
      exits.close();
      execWatch.close();
      runtimes.close();
      // Without a container there is nothing to come back to; with one the groups are in use and stay.
      cgroupPrune(cgroups, `${cgroupParent}/supervisors`, '/');
    },
  };
}
