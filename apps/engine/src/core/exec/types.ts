/** One more command in a running container, as asked for. Field meanings are those of the Docker Engine API. */
export type ExecConfig = {
  cmd: string[];
  tty: boolean;
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
  /** As the client wrote it; parsed when the input is attached. */
  detachKeys: string;
  privileged: boolean;
  /** Empty: the container's own. */
  user: string;
  workingDir: string;
  /** Added to, and winning over, the container's environment. */
  env: string[];
  size?: { rows: number; columns: number };
};

/** `created` → `running` → `finished`; only the first can be started. */
export type ExecRecord = {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  status: 'created' | 'running' | 'finished';
  /** Null until it finished. */
  exitCode: number | null;
  /** Host pid while it runs, 0 otherwise. */
  pid: number;
};
