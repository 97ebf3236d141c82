/**
 * One mount, as a plain value. Snapshots and volumes say which mounts a
 * container needs; the runtime driver performs them. Neither knows the other.
 */
export type Mount = {
  /** Filesystem type as mount(2) takes it: `overlay`, `tmpfs`, `bind`. */
  readonly type: string;
  /** Device or directory on the host; for overlay the word `overlay`. */
  readonly source: string;
  /** Absolute path: on the host for a rootfs, in the container for the rest. */
  readonly target: string;
  /** OCI mount options: flags (`ro`, `nosuid`, `rbind`, `rprivate`) and data (`size=64m`). */
  readonly options: readonly string[];
};
