import { randomBytes } from 'node:crypto';
import { LIVE_LIMITS } from '#contract/realtime.ts';
import { EngineError } from '#core/errors.ts';
import { messageOf } from './dockerode.ts';
import type { LiveAct, LiveClient, RealtimeDeps } from './ports.ts';
import type { RequestOf } from './requests.ts';
import type { LiveSocket } from './server.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const IDLE_MS = 30 * 60_000;

/** Terminals open per user, over all of the user's connections. */
const countOf = new WeakMap<RealtimeDeps, Map<string, number>>();

/** The terminals of one browser. */
export function createTerminals(deps: RealtimeDeps, socket: LiveSocket, client: LiveClient) {
  const open = new Map<string, Terminal>();
  const counts = countOf.get(deps) ?? new Map<string, number>();
  countOf.set(deps, counts);
  let closed = false;

  /** Takes one of the user's places; the result gives it back, once. */
  const takePlace = (): (() => void) => {
    const taken = counts.get(client.userId) ?? 0;
    if (taken >= LIVE_LIMITS.terminalsPerUser) {
      throw new EngineError('conflict', `at most ${LIVE_LIMITS.terminalsPerUser} terminals can be open at a time`);
    }
    counts.set(client.userId, taken + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (counts.get(client.userId) ?? 1) - 1;
      if (left > 0) counts.set(client.userId, left);
      else counts.delete(client.userId);
    };
  };

  /** Opens one whose open and close are in the audit. `say` sends to the browser. */
  const start = async (
    id: string,
    request: RequestOf<'terminal:open'>,
    release: () => void,
    say: (message: () => void) => void,
  ): Promise<Terminal> => {
    const began = performance.now();
    const docker = deps.docker(request.host, client);
    const info = await docker.getContainer(request.container).inspect();
    const object = { type: 'container' as const, id: info.Id, name: info.Name.replace(/^\//, '') };
    const detail = { terminal: id, user: request.user ?? '', command: request.command ?? [] };
    const record = (action: LiveAct['action'], facts: Record<string, unknown>, error: string | null): Promise<void> =>
      deps.audit(client, {
        action,
        host: request.host,
        object,
        detail: { ...detail, ...facts },
        result: error === null ? 'ok' : 'error',
        error,
        durationMs: performance.now() - began,
      });
    const onExit = (exitCode: number | null, reason: string): void => {
      open.delete(id);
      release();
      say(() => socket.emit('terminal:exit', { terminal: id, exitCode, reason }));
      record('terminal.close', { exitCode, reason }, null).catch((error: unknown) =>
        deps.log.error({ err: error }, 'the end of a terminal is not in the audit'),
      );
    };
    let terminal: Terminal;
    try {
      terminal = await openTerminal({
        docker,
        request: { ...request, container: info.Id },
        idleMs: deps.terminalIdleMs ?? IDLE_MS,
        kill: (execId) => deps.killExec?.(request.host, execId),
        sink: {
          output: (data) => say(() => socket.emit('terminal:output', { terminal: id, data })),
          exit: onExit,
        },
      });
    } catch (error) {
      await record('terminal.open', {}, messageOf(error).message);
      throw error;
    }
    try {
      await record('terminal.open', { command: terminal.command, exec: terminal.execId }, null);
    } catch (error) {
      terminal.close('error');
      throw error;
    }
    return terminal;
  };

  return {
    get: (id: string): Terminal | undefined => open.get(id),
    async open(request: RequestOf<'terminal:open'>): Promise<{ terminal: string; command: string[] }> {
      const release = takePlace();
      const id = randomBytes(12).toString('hex');
      // What the process prints before the browser knows the terminal's id waits for that; the window bounds it.
      let early: (() => void)[] | null = [];
      const say = (message: () => void): void => {
        if (early === null) message();
        else early.push(message);
      };
      try {
        const terminal = await start(id, request, release, say);
        if (!terminal.over()) open.set(id, terminal);
        if (closed) terminal.close('disconnected');
        setImmediate(() => {
          const waiting = early ?? [];
          early = null;
          for (const message of waiting) message();
        });
        return { terminal: id, command: terminal.command };
      } catch (error) {
        release();
        throw error;
      }
    },
    closeAll(reason: string): void {
      if (reason === 'disconnected') closed = true;
      for (const terminal of [...open.values()]) terminal.close(reason);
    },
  };
}
