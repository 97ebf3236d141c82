import type { IncomingMessage } from 'node:http';
import type { Permission } from '#api/http/route.ts';
import type { StatsSample } from '#contract/realtime.ts';
import type { Dockerode } from './dockerode.ts';

/** A browser on the live socket, as the gateway knows it. */
export type LiveClient = {
  readonly userId: string;
  readonly sessionId: string;
  /** By the role the user has now, not the one at sign-in. */
  may(permission: Permission): boolean;
  /** The person did something: the session is not idle. */
  used?(): void;
  /** The person did something: the session is not idle. */
  used?(): void;
  /** Whether the session still counts; asked every 30 seconds. */
  alive(): boolean | Promise<boolean>;
  /** Calls back once when the session ends: sign-out, revoked, expired, user disabled. Returns the undo. */
  onEnd(listener: (reason: string) => void): () => void;
};

/** One thing done over the live socket, for the audit. */
export type LiveAct = {
  action: 'terminal.open' | 'terminal.close';
  host: string;
  object: { type: 'container'; id: string; name: string };
  detail: Record<string, unknown>;
  result: 'ok' | 'error';
  error: string | null;
  durationMs: number;
};

export type RealtimeDeps = {
  /** Who the handshake is from; throws EngineError unauthenticated or forbidden. Checks cookie, Origin and Host. */
  authorise(request: IncomingMessage): Promise<LiveClient>;
  /** The host's Docker API, acting as this client; null: for what clients share. Throws not_found for an unknown host. */
  docker(host: string, client: LiveClient | null): Dockerode;
  /** Resolves when the row is durable: a terminal does not open without it. */
  audit(client: LiveClient, act: LiveAct): Promise<void>;
  /** Usage of all running containers of a host that can tell it cheaply; null: ask its Docker API. */
  sample?(host: string): Promise<StatsSample[]> | null;
  /** Ends a process started by exec and its children, where the host can. */
  killExec?(host: string, execId: string): void;
  log: {
    warn(fields: Record<string, unknown>, message: string): void;
    error(fields: Record<string, unknown>, message: string): void;
  };
  /** Milliseconds without input after which a terminal is closed. Default 30 minutes. */
  terminalIdleMs?: number;
};
