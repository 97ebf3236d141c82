import type { EventBus } from '#core/events/events.ts';
import type { ImageLookup } from '#core/images/types.ts';
import type { ContainerNetworking } from '#core/networks/types.ts';
import type { VolumeAccess } from '#core/volumes/types.ts';
import type { ContainerFiles } from './archive-ports.ts';
import type { Collection } from './collection.ts';
import type { HealthMonitors } from './health.ts';
import type { ContainerExit, ContainerRootfs, ContainerStore, HostMounts, Runtime } from './ports.ts';
import type { HostFacts } from './request.ts';
import type { Waits } from './waits.ts';

/** What the domain says to the operator; pino's order of arguments. */
export type Log = {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
};

export type ContainersDeps = {
  runtime: Runtime;
  rootfs: ContainerRootfs;
  networking: ContainerNetworking;
  volumes: VolumeAccess;
  images: ImageLookup;
  store: ContainerStore;
  events: Pick<EventBus, 'publish'>;
  mounts: HostMounts;
  files: ContainerFiles;
  host: HostFacts;
  log: Log;
  /** Wall clock in nanoseconds. */
  now: () => bigint;
  /** `dataRoot` keeps what outlives a reboot, `runDir` what does not. */
  paths: { dataRoot: string; runDir: string };
};

/** What is known about a container only while this process lives. */
export type Live = {
  /** A start under way; aborting it makes it fail and undo itself. */
  starting?: AbortController;
  /** Archives being written into it; a removal by force ends them. */
  writing: Set<AbortController>;
  /** A restart that the policy has scheduled. */
  restartTimer?: NodeJS.Timeout;
  /** Last delay of the restart policy, in milliseconds; 0 when the next one starts afresh. */
  restartDelay: number;
  /** Set once removal was asked for: nothing starts any more. */
  removing: boolean;
  /** Stopped only to be started again by `docker restart`. */
  restarting?: boolean;
  /** An exit that was told and is not yet noted. */
  pendingExit?: ContainerExit;
};

/** What the verbs share. */
export type Context = ContainersDeps & {
  collection: Collection;
  waits: Waits;
  health: HealthMonitors;
  /** Runs work that changes a container, one at a time per container. Readers never take it. */
  lock: <T>(id: string, work: () => Promise<T>) => Promise<T>;
  live: (id: string) => Live;
  forget: (id: string) => void;
  /** Clean-ups of exited containers under way, on all containers: what they hold is about to be free. */
  cleanups: Set<Promise<void>>;
};
