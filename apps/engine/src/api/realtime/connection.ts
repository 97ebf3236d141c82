import { randomBytes } from 'node:crypto';
import type { Permission } from '#api/http/route.ts';
import { type Ack, LIVE_LIMITS, type LogLine } from '#contract/realtime.ts';
import { EngineError } from '#core/errors.ts';
import { messageOf } from './dockerode.ts';
import type { createEventFanout } from './event-fanout.ts';
import { type LogStream, openLogStream } from './log-stream.ts';
import type { LiveClient, RealtimeDeps } from './ports.ts';
import { REQUESTS, type RequestName, type RequestOf } from './requests.ts';
import type { LiveSocket } from './server.ts';
import { findShells } from './shells.ts';
import type { createStatsSampler } from './stats-sampler.ts';
import { createTerminals } from './terminals.ts';

export type ConnectionDeps = {
  deps: RealtimeDeps;
  socket: LiveSocket;
  client: LiveClient;
  fanout: ReturnType<typeof createEventFanout>;
  sampler: ReturnType<typeof createStatsSampler>;
  /** Who looks at the stats of which host; null: at all containers. */
  statsOf: Map<string, Map<LiveSocket, ReadonlySet<string> | null>>;
};

const LOG_STREAMS = 32;
/** What a person does, as opposed to what the page does by itself: keeps the session from being idle. */
const BY_HAND: ReadonlySet<RequestName> = new Set(['logs:open', 'terminal:open', 'terminal:input', 'terminal:close']);
/** Messages a second over time, and at once. A fast typist sends 20, a flood of acknowledgements about 100. */
const RATE = 200;
const BURST = 1000;

/** What one browser has open, and its requests. Everything ends with `close`. */
export function createConnection({ deps, socket, client, fanout, sampler, statsOf }: ConnectionDeps) {
  const streams = new Map<string, LogStream>();
  const terminals = createTerminals(deps, socket, client);
  const eventHosts = new Set<string>();
  const statsHosts = new Set<string>();
  const allowed = createRateLimit();
  let opening = 0;
  let closed = false;

  /** Registers a request: bounds, shape and permission are checked each time, and every failure has an answer. */
  const on = <N extends RequestName, T>(
    name: N,
    permission: Permission,
    handle: (request: RequestOf<N>) => Promise<T> | T,
  ): void => {
    const listener = (raw: unknown, ack: unknown): void => {
      if (!allowed()) {
        socket.disconnect(true);
        return;
      }
      const answer = (typeof ack === 'function' ? ack : () => undefined) as Ack<T>;
      const parsed = REQUESTS[name].safeParse(raw);
      if (!parsed.success) {
        answer(failure('invalid_argument', parsed.error.issues[0]?.message ?? 'wrong request'));
        return;
      }
      if (!client.may(permission)) {
        answer(failure('forbidden', 'you may not do this'));
        return;
      }
      if (BY_HAND.has(name)) client.used?.();
      Promise.resolve()
        .then(() => handle(parsed.data as RequestOf<N>))
        .then(
          (value) => answer({ ok: true, value }),
          (error: unknown) => {
            const { code, message } = messageOf(error);
            if (code === 'internal') deps.log.error({ err: error, request: name }, 'a live request failed');
            answer(failure(code, message));
          },
        );
    };
    socket.on(name as never, listener as never);
  };

  on('events:subscribe', 'events:read', async ({ host }) => {
    if (eventHosts.has(host)) return null;
    deps.docker(host, client);
    eventHosts.add(host);
    void socket.join(`events:${host}`);
    await fanout.join(host);
    return null;
  });
  const leaveEvents = (host: string): void => {
    if (!eventHosts.delete(host)) return;
    fanout.leave(host);
    void socket.leave(`events:${host}`);
  };
  on('events:unsubscribe', 'events:read', ({ host }) => {
    leaveEvents(host);
    return null;
  });

  on('stats:subscribe', 'containers:read', ({ host, containers }) => {
    deps.docker(host, client);
    const watchers = statsOf.get(host) ?? new Map();
    statsOf.set(host, watchers);
    watchers.set(socket, containers === undefined ? null : new Set(containers));
    if (!statsHosts.has(host)) {
      statsHosts.add(host);
      sampler.join(host);
    }
    return null;
  });
  const leaveStats = (host: string): void => {
    if (!statsHosts.delete(host)) return;
    sampler.leave(host);
    const watchers = statsOf.get(host);
    watchers?.delete(socket);
    if (watchers?.size === 0) statsOf.delete(host);
  };
  on('stats:unsubscribe', 'containers:read', ({ host }) => {
    leaveStats(host);
    return null;
  });

  on('logs:open', 'logs:read', async (request) => {
    if (streams.size + opening >= LOG_STREAMS) {
      throw new EngineError('conflict', `at most ${LOG_STREAMS} logs can be open at a time`);
    }
    const stream = randomBytes(12).toString('hex');
    const sink = {
      chunk: (seq: number, lines: LogLine[]) => socket.emit('logs:chunk', { stream, seq, lines }),
      end(reason: 'end' | 'error', message?: string) {
        ended = true;
        streams.delete(stream);
        socket.emit('logs:end', { stream, reason, ...(message === undefined ? {} : { message }) });
      },
    };
    let ended = false;
    opening += 1;
    try {
      const opened = await openLogStream(deps.docker(request.host, client), request, sink);
      if (closed) opened.close();
      else if (!ended) streams.set(stream, opened);
    } finally {
      opening -= 1;
    }
    return { stream };
  });
  on('logs:ack', 'logs:read', ({ stream, seq }) => streams.get(stream)?.ack(seq));
  on('logs:close', 'logs:read', ({ stream }) => {
    streams.get(stream)?.close();
    streams.delete(stream);
  });

  on('terminal:shells', 'containers:exec', async ({ host, container }) => ({
    shells: await findShells(deps.docker(host, client), container),
  }));
  on('terminal:open', 'containers:exec', (request) => terminals.open(request));
  on('terminal:input', 'containers:exec', ({ terminal, data }) => {
    if (Buffer.byteLength(data) > LIVE_LIMITS.messageBytes)
      throw new EngineError('too_large', 'too much input at once');
    terminals.get(terminal)?.input(data);
  });
  on('terminal:ack', 'containers:exec', ({ terminal, bytes }) => terminals.get(terminal)?.ack(bytes));
  on('terminal:resize', 'containers:exec', ({ terminal, columns, rows }) =>
    terminals.get(terminal)?.resize(columns, rows),
  );
  on('terminal:close', 'containers:exec', ({ terminal }) => terminals.get(terminal)?.close('closed'));

  const closeLogs = (): void => {
    for (const stream of streams.values()) stream.close();
    streams.clear();
  };

  return {
    /** Ends what the user may no longer have. */
    recheck(): void {
      if (!client.may('events:read')) for (const host of [...eventHosts]) leaveEvents(host);
      if (!client.may('containers:read')) for (const host of [...statsHosts]) leaveStats(host);
      if (!client.may('logs:read')) closeLogs();
      if (!client.may('containers:exec')) terminals.closeAll('forbidden');
    },
    close(): void {
      closed = true;
      for (const host of [...eventHosts]) leaveEvents(host);
      for (const host of [...statsHosts]) leaveStats(host);
      closeLogs();
      terminals.closeAll('disconnected');
    },
  };
}

const failure = (code: string, message: string) => ({ ok: false as const, error: { code, message } });

/** Token bucket. */
function createRateLimit(): () => boolean {
  let tokens = BURST;
  let last = performance.now();
  return () => {
    const now = performance.now();
    tokens = Math.min(BURST, tokens + ((now - last) / 1000) * RATE);
    last = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
