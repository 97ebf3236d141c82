import type { Ack, ClientToServer, LogLine, LogsOpen, ServerToClient } from '@contract/realtime.ts';
import { createGapFilter } from './gap.ts';
import type { LogStore } from './log-store.ts';

/**
 * One log being followed over the live socket. Chunks are acknowledged only
 * after their lines are in the store, so that a browser which cannot keep up,
 * or a person who pauses, stops the engine's reading and not its memory.
 * A lost connection is taken up where it was left, without gap or double.
 */
export type LogStatus = 'connecting' | 'live' | 'lost' | 'ended' | 'error';

export type LogView = { status: LogStatus; message: string | null; paused: boolean; held: number; full: boolean };

/** The part of the socket this needs. */
export type LogSocket = {
  readonly connected: boolean;
  emit<E extends 'logs:open' | 'logs:ack' | 'logs:close'>(event: E, ...args: Parameters<ClientToServer[E]>): unknown;
  on<E extends 'logs:chunk' | 'logs:end'>(event: E, listener: ServerToClient[E]): unknown;
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  off<E extends 'logs:chunk' | 'logs:end'>(event: E, listener: ServerToClient[E]): unknown;
  off(event: 'connect' | 'disconnect', listener: () => void): unknown;
};

export type LogSessionOptions = {
  socket: LogSocket;
  host: string;
  container: string;
  tail: number | 'all';
  /** RFC 3339; only lines from then, only lines until then. With an end nothing is followed. */
  since?: string | undefined;
  until?: string | undefined;
  store: LogStore;
  /** Runs the work soon, together with the next picture. */
  schedule: (work: () => void) => void;
  marks: { ended: string; started: string };
};

type Chunk = Parameters<ServerToClient['logs:chunk']>[0];

/** What a pause holds before the engine has to wait. */
const HELD_LINES = 20_000;
const HELD_CHARS = 8 * 1024 * 1024;
/** Chunks that may overtake the answer that names their stream. */
const EARLY_CHUNKS = 16;

export type LogSession = ReturnType<typeof createLogSession>;

export function createLogSession({ socket, store, schedule, marks, ...target }: LogSessionOptions) {
  const gap = createGapFilter();
  const watchers = new Set<() => void>();
  let view: LogView = { status: 'connecting', message: null, paused: false, held: 0, full: false };
  let stream: string | null = null;
  // Tells the answer to the newest `open` from the answers to older ones.
  let attempt = 0;
  let early: Chunk[] = [];
  let earlyEnd: Parameters<ServerToClient['logs:end']>[0] | null = null;
  let waiting: Chunk[] = [];
  let waitingLines = 0;
  let waitingChars = 0;
  let scheduled = false;
  let closed = false;
  let startedAgain = false;
  // The stream ended, and its mark waits behind the lines a pause holds.
  let endMark = false;

  const change = (next: Partial<LogView>) => {
    view = { ...view, ...next };
    for (const watcher of watchers) watcher();
  };

  function open(): void {
    if (closed || !socket.connected) return;
    const mine = ++attempt;
    stream = null;
    early = [];
    earlyEnd = null;
    waiting = [];
    waitingLines = waitingChars = 0;
    gap.resume();
    const last = gap.last();
    const since = last || target.since;
    const request: LogsOpen = {
      host: target.host,
      container: target.container,
      tail: since ? 'all' : target.tail,
      ...(since ? { since } : {}),
      ...(target.until ? { until: target.until } : {}),
      follow: !target.until,
    };
    const answer: Ack<{ stream: string }> = (result) => {
      if (mine !== attempt || closed) {
        if (result.ok) socket.emit('logs:close', { stream: result.value.stream });
        return;
      }
      if (!result.ok) return change({ status: 'error', message: result.error.message });
      stream = result.value.stream;
      change({ status: 'live', message: null });
      for (const chunk of early) if (chunk.stream === stream) onChunk(chunk);
      early = [];
      if (earlyEnd?.stream === stream) onEnd(earlyEnd);
    };
    socket.emit('logs:open', request, answer);
  }

  function onChunk(chunk: Chunk): void {
    if (stream === null) {
      if (early.length < EARLY_CHUNKS) early.push(chunk);
      return;
    }
    if (chunk.stream !== stream) return;
    waiting.push(chunk);
    waitingLines += chunk.lines.length;
    for (const line of chunk.lines) waitingChars += line.m.length;
    if (!view.paused) flushSoon();
    else hold();
  }

  function hold(): void {
    const full = waitingLines >= HELD_LINES || waitingChars >= HELD_CHARS;
    // Held lines count as taken in until the bound is reached; from there on the engine waits.
    if (!full) acknowledge();
    change({ held: waitingLines, full });
  }

  function acknowledge(): void {
    const last = waiting.at(-1);
    if (last && stream !== null && socket.connected) socket.emit('logs:ack', { stream, seq: last.seq });
  }

  function flushSoon(): void {
    if (scheduled) return;
    scheduled = true;
    schedule(() => {
      scheduled = false;
      if (!closed && !view.paused) flush();
    });
  }

  function flush(): void {
    if (waiting.length === 0 && !endMark) return;
    const lines: LogLine[] = [];
    for (const chunk of waiting) for (const line of gap.take(chunk.lines)) lines.push(line);
    if (startedAgain && lines.length > 0) {
      store.mark(marks.started, lines[0]!.t);
      startedAgain = false;
    }
    store.push(lines);
    if (endMark) store.mark(marks.ended, gap.last());
    endMark = false;
    acknowledge();
    waiting = [];
    waitingLines = waitingChars = 0;
    change({ held: 0, full: false });
  }

  function onEnd(end: Parameters<ServerToClient['logs:end']>[0]): void {
    if (stream === null) {
      earlyEnd = end;
      return;
    }
    if (end.stream !== stream) return;
    stream = null;
    attempt++;
    endMark = end.reason === 'end';
    change(endMark ? { status: 'ended', message: null } : { status: 'error', message: end.message ?? null });
    if (!view.paused) flush();
  }

  const onDisconnect = () => {
    // What waits was not acknowledged to anybody any more: it is sent again from the last line taken.
    if (!view.paused) flush();
    stream = null;
    attempt++;
    if (view.status !== 'ended') change({ status: 'lost' });
  };
  const onConnect = () => {
    if (view.status !== 'ended') open();
  };

  return {
    start(): void {
      socket.on('logs:chunk', onChunk);
      socket.on('logs:end', onEnd);
      socket.on('connect', onConnect);
      socket.on('disconnect', onDisconnect);
      open();
    },
    stop(): void {
      closed = true;
      socket.off('logs:chunk', onChunk);
      socket.off('logs:end', onEnd);
      socket.off('connect', onConnect);
      socket.off('disconnect', onDisconnect);
      if (stream !== null && socket.connected) socket.emit('logs:close', { stream });
      watchers.clear();
    },
    /** Opens again after an end or an error; `started`: because the container started again, which is marked in line. */
    again(started = false): void {
      if (stream !== null || closed) return;
      startedAgain = started;
      change({ status: 'connecting', message: null });
      open();
    },
    setPaused(paused: boolean): void {
      if (paused === view.paused) return;
      change({ paused });
      if (!paused) flush();
    },
    view: () => view,
    subscribe(watcher: () => void): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
