import type { Containers } from '#core/containers/containers.ts';
import type { Assembly } from '#core/images/assemble.ts';
import type { Images } from '#core/images/images.ts';
import type { ImageConfig, ImageRecord } from '#core/images/types.ts';
import type { Logs } from '#core/logs/logs.ts';
import type { Instruction } from './dockerfile/instructions.ts';
import type { Escape } from './dockerfile/lines.ts';
import type { Stage } from './dockerfile/stages.ts';
import type { Variables } from './dockerfile/words.ts';
import type { BuildRoom, BuildRooms } from './ports.ts';
import type { BuildOutput, BuildRequest } from './request.ts';

export type BuilderDeps = {
  rooms: BuildRooms;
  images: Pick<Images, 'assemble' | 'all' | 'find' | 'byId' | 'pull'>;
  containers: Pick<Containers, 'create' | 'start' | 'wait' | 'remove' | 'get'>;
  logs: Pick<Logs, 'live'>;
  /** RFC 3339 with nanoseconds. */
  now: () => string;
  /** For the log. */
  onError: (what: string, error: unknown) => void;
};

/** One build under way. */
export type Build = {
  deps: BuilderDeps;
  request: BuildRequest;
  output: BuildOutput;
  signal: AbortSignal;
  room: BuildRoom;
  assembly: Assembly;
  stages: readonly Stage[];
  escapeChar: Escape;
  /** ARG lines above the first FROM, with their values. */
  globals: Variables;
  /** What platform variables hold. */
  predefined: Variables;
  /** Names of build arguments that some ARG asked for. */
  usedArgs: Set<string>;
  /** Of SOURCE_DATE_EPOCH, in seconds: all times are at most this. */
  epoch: number | undefined;
  platform: { os: string; architecture: string; variant?: string };
  /** Results of the stages so far. */
  done: Map<number, StageState>;
  progress: { step: number; total: number };
  /** Builds a stage that nothing has needed so far. */
  ensureStage(index: number): Promise<StageState>;
};

/** A stage under way. */
export type StageState = {
  stage: Stage;
  /** After the last step; undefined above nothing. */
  image: ImageRecord | undefined;
  config: ImageConfig;
  author: string;
  platform: { os: string; architecture: string; variant?: string };
  /** ARG lines of this stage so far; undefined without a value. */
  args: Map<string, string | undefined>;
  /** This Dockerfile has set CMD. */
  hasCommand: boolean;
};

/** The union is narrowed by its members: one of them has several kinds. */
export type InstructionOf<K extends Instruction['kind']> = Instruction extends infer One
  ? One extends { kind: infer Own }
    ? Extract<Own, K> extends never
      ? never
      : One
    : never
  : never;

const nameOf = (entry: string): string => entry.slice(0, Math.max(0, entry.indexOf('=')));

export const envOf = (config: ImageConfig): Map<string, string> =>
  new Map((config.Env ?? []).map((entry) => [nameOf(entry), entry.slice(entry.indexOf('=') + 1)]));

/** What a step's variables mean: ENV goes before ARG. */
export function variablesOf(state: StageState): Variables {
  const variables = new Map<string, string>();
  for (const [name, value] of state.args) if (value !== undefined) variables.set(name, value);
  for (const [name, value] of envOf(state.config)) variables.set(name, value);
  return variables;
}

/** Known without an ARG line, and never written down. Dockerfile reference, "Predefined ARGs". */
export const PROXY_ARGS: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
);

/** A Go list of strings: `["a" "b"]`. */
export const quoted = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
