/**
 * Typed socket.io events between the browser and the engine (path `/live`,
 * default namespace). The session cookie authenticates the upgrade; every
 * event is authorised again. Every request takes an acknowledgement callback.
 */
export type Ack<T> = (result: { ok: true; value: T } | { ok: false; error: { code: string; message: string } }) => void;

/** A Docker event as `GET /events` gives it. */
export type LiveEvent = {
  host: string;
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  time: number;
  timeNano: number;
};

/** Usage of one container now; bytes, and percent of one CPU (200 = two CPUs full). */
export type StatsSample = {
  id: string;
  at: number;
  cpuPercent: number;
  memoryUsage: number;
  memoryLimit: number;
  networkRx: number;
  networkTx: number;
  blockRead: number;
  blockWrite: number;
  pids: number;
};

/** One line of output. `t` is RFC 3339 with nanoseconds, `s` 1 stdout, 2 stderr, `p` true when the line goes on. */
export type LogLine = { t: string; s: 1 | 2; m: string; p?: true };

export type LogsOpen = {
  host: string;
  container: string;
  /** Lines of the past to begin with; `all` for everything kept. */
  tail: number | 'all';
  since?: string;
  until?: string;
  follow: boolean;
};

export type TerminalOpen = {
  host: string;
  container: string;
  /** Absent: the best shell that exists. */
  command?: string[];
  user?: string;
  workingDir?: string;
  columns: number;
  rows: number;
};

export type ClientToServer = {
  'events:subscribe': (request: { host: string }, ack: Ack<null>) => void;
  'events:unsubscribe': (request: { host: string }, ack: Ack<null>) => void;
  /** `containers` absent: all running ones. One subscription per host and client; the newest wins. */
  'stats:subscribe': (request: { host: string; containers?: string[] }, ack: Ack<null>) => void;
  'stats:unsubscribe': (request: { host: string }, ack: Ack<null>) => void;
  'logs:open': (request: LogsOpen, ack: Ack<{ stream: string }>) => void;
  /** The client has taken in chunks up to `seq`; the server keeps at most a window unacknowledged and stops reading beyond it. */
  'logs:ack': (request: { stream: string; seq: number }) => void;
  'logs:close': (request: { stream: string }) => void;
  /** Shells that exist in the container, best first. */
  'terminal:shells': (request: { host: string; container: string }, ack: Ack<{ shells: string[] }>) => void;
  'terminal:open': (request: TerminalOpen, ack: Ack<{ terminal: string; command: string[] }>) => void;
  'terminal:input': (request: { terminal: string; data: string }) => void;
  'terminal:ack': (request: { terminal: string; bytes: number }) => void;
  'terminal:resize': (request: { terminal: string; columns: number; rows: number }) => void;
  'terminal:close': (request: { terminal: string }) => void;
};

export type ServerToClient = {
  event: (event: LiveEvent) => void;
  /** About every 2 s. A container that stopped is absent from the next one. */
  stats: (batch: { host: string; samples: StatsSample[] }) => void;
  'logs:chunk': (chunk: { stream: string; seq: number; lines: LogLine[] }) => void;
  /** `reason`: `end` (nothing more will come), `error`. */
  'logs:end': (end: { stream: string; reason: 'end' | 'error'; message?: string }) => void;
  'terminal:output': (output: { terminal: string; data: Uint8Array }) => void;
  'terminal:exit': (exit: { terminal: string; exitCode: number | null; reason: string }) => void;
  /** The session ended (sign-out, revoked, expired); the socket closes after it. */
  'session:end': (end: { reason: string }) => void;
};

/** Bounds both sides keep. */
export const LIVE_LIMITS = {
  /** Bytes of one message from a client. */
  messageBytes: 64 * 1024,
  /** Lines in one logs:chunk, and unacknowledged chunks per stream. */
  logChunkLines: 1000,
  logWindowChunks: 4,
  /** Unacknowledged bytes of terminal output before the server stops reading. */
  terminalWindowBytes: 512 * 1024,
  terminalsPerUser: 16,
} as const;
