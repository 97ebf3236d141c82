import { auditScope } from '#core/audit/scope.ts';
import { formatNano } from '#lib/time.ts';
import { announce } from './announce.ts';
import type { Collection } from './collection.ts';
import type { ContainersDeps } from './context.ts';
import type { ExecProcess } from './ports.ts';
import type { ContainerRecord, Health, HealthConfig, HealthResult } from './types.ts';

/** Milliseconds; Docker's defaults. */
const DEFAULT_INTERVAL = 30_000;
const DEFAULT_TIMEOUT = 30_000;
const DEFAULT_START_INTERVAL = 5_000;
const DEFAULT_RETRIES = 3;
const KEPT_RESULTS = 5;
const KEPT_OUTPUT = 4096;

export type HealthMonitors = ReturnType<typeof createHealthMonitors>;
type Deps = Pick<ContainersDeps, 'runtime' | 'events' | 'now' | 'log'> & { collection: Collection };

const milliseconds = (nano: number | undefined, fallback: number): number => (nano ? nano / 1e6 : fallback);

/** Whether a container has a healthcheck: an image's can be switched off with `NONE`. */
function testOf(config: HealthConfig | undefined): string[] | undefined {
  const [kind, ...rest] = config?.Test ?? [];
  return kind === 'CMD' || kind === 'CMD-SHELL' ? [kind, ...rest] : undefined;
}

/** One monitor per running container with a healthcheck: a probe, a pause, the next probe. */
export function createHealthMonitors(deps: Deps) {
  const running = new Map<string, { timer?: NodeJS.Timeout; stopped: boolean; process?: ExecProcess }>();

  function start(id: string): void {
    const record = deps.collection.byId(id);
    if (!record || !testOf(record.config.Healthcheck)) return;
    stop(id);
    const monitor = { stopped: false };
    running.set(id, monitor);
    // Probes are the engine's own work, not the request's that started the container.
    auditScope.exit(() => schedule(id, record, performance.now(), monitor));
  }

  function stop(id: string): void {
    const monitor = running.get(id);
    if (!monitor) return;
    monitor.stopped = true;
    clearTimeout(monitor.timer);
    monitor.process?.kill();
    running.delete(id);
  }

  type Monitor = { timer?: NodeJS.Timeout; stopped: boolean; process?: ExecProcess };

  function schedule(id: string, record: ContainerRecord, startedAt: number, monitor: Monitor): void {
    const config = record.config.Healthcheck ?? {};
    const starting = deps.collection.byId(id)?.state.health?.Status === 'starting';
    const inStartPeriod = starting && performance.now() - startedAt < milliseconds(config.StartPeriod, 0);
    const pause = inStartPeriod
      ? milliseconds(config.StartInterval, DEFAULT_START_INTERVAL)
      : milliseconds(config.Interval, DEFAULT_INTERVAL);
    monitor.timer = setTimeout(() => {
      void round(id, startedAt, monitor).catch((error: unknown) => {
        deps.log.error({ id, err: error }, 'health probe');
      });
    }, pause);
  }

  async function round(id: string, startedAt: number, monitor: Monitor): Promise<void> {
    const record = deps.collection.byId(id);
    if (!record || monitor.stopped) return;
    // A frozen container cannot answer: that is not its failure.
    if (record.state.status === 'running') {
      const result = await probe(record, monitor);
      if (!monitor.stopped) await note(id, result, performance.now() - startedAt);
    }
    if (!monitor.stopped) schedule(id, record, startedAt, monitor);
  }

  async function probe(record: ContainerRecord, monitor: Monitor): Promise<HealthResult> {
    const Start = formatNano(deps.now());
    const timeout = milliseconds(record.config.Healthcheck?.Timeout, DEFAULT_TIMEOUT);
    const abort = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort.abort();
      monitor.process?.kill();
    }, timeout);
    const output: Buffer[] = [];
    let ExitCode = -1;
    try {
      monitor.process = await deps.runtime.exec(record.id, probeCommand(record), { signal: abort.signal });
      collect(monitor.process, output);
      ExitCode = (await monitor.process.exited).exitCode;
    } catch (error) {
      output.push(Buffer.from(error instanceof Error ? error.message : 'the probe could not be run'));
    } finally {
      clearTimeout(timer);
      monitor.process = undefined;
    }
    const text = late
      ? `Health check exceeded timeout (${formatSeconds(timeout)})`
      : Buffer.concat(output).toString('utf8');
    return { Start, End: formatNano(deps.now()), ExitCode: late ? -1 : ExitCode, Output: text.slice(0, KEPT_OUTPUT) };
  }

  async function note(id: string, result: HealthResult, sinceStart: number): Promise<void> {
    const record = deps.collection.byId(id);
    if (!record) return;
    const before: Health = record.state.health ?? { Status: 'starting', FailingStreak: 0, Log: [] };
    const health = judge(before, result, record.config.Healthcheck ?? {}, sinceStart);
    const after = deps.collection.change(id, { state: { health } });
    if (health.Status === before.Status || !after) return;
    announce(deps, after, `health_status: ${health.Status}`);
    await deps.collection.save(id);
  }

  return { start, stop, applies: (record: ContainerRecord) => testOf(record.config.Healthcheck) !== undefined };
}

function probeCommand(record: ContainerRecord) {
  const [kind, ...words] = testOf(record.config.Healthcheck) ?? [];
  const shell = record.config.Shell ?? ['/bin/sh', '-c'];
  return {
    args: kind === 'CMD' ? words : [...shell, words[0] ?? ''],
    env: record.config.Env,
    cwd: record.config.WorkingDir || '/',
    user: '',
    tty: false,
    stdin: false,
    privileged: false,
  };
}

/** Keeps the beginning and lets the rest pass, so that a probe that talks too much is not blocked. */
function collect(process: ExecProcess, into: Buffer[]): void {
  let kept = 0;
  const take = (chunk: Buffer): void => {
    if (kept >= KEPT_OUTPUT) return;
    into.push(chunk.subarray(0, KEPT_OUTPUT - kept));
    kept += chunk.length;
  };
  process.stdout.on('data', take);
  process.stderr?.on('data', take);
}

const formatSeconds = (ms: number): string => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`);

/** Docker's rules: one success is healthy; failures count only after the start period, and `Retries` of them are unhealthy. */
export function judge(before: Health, result: HealthResult, config: HealthConfig, sinceStartMs: number): Health {
  const Log = [...before.Log, result].slice(-KEPT_RESULTS);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  const inStartPeriod = before.Status === 'starting' && sinceStartMs < milliseconds(config.StartPeriod, 0);
  if (inStartPeriod) return { ...before, Log };
  const FailingStreak = before.FailingStreak + 1;
  const Status = FailingStreak >= (config.Retries || DEFAULT_RETRIES) ? 'unhealthy' : before.Status;
  return { Status, FailingStreak, Log };
}
