export type EnvRow = { id: string; key: string; value: string };
export type PortRow = { id: string; hostIp: string; hostPort: string; containerPort: string; protocol: 'tcp' | 'udp' };
export type MountRow = { id: string; type: 'volume' | 'bind'; source: string; target: string; readOnly: boolean };
export type RestartName = 'no' | 'on-failure' | 'always' | 'unless-stopped';

/** The form as it is typed: text, not yet what the engine takes. */
export type RunForm = {
  image: string;
  name: string;
  command: string;
  env: EnvRow[];
  ports: PortRow[];
  mounts: MountRow[];
  memory: string;
  cpus: string;
  restart: RestartName;
  network: string;
  tty: boolean;
  autoRemove: boolean;
};

/** Where an error stands: a field, or a field of a row such as `ports.p1.hostPort`. */
export type FormErrors = Record<string, string>;

export const emptyForm: RunForm = {
  image: '',
  name: '',
  command: '',
  env: [],
  ports: [],
  mounts: [],
  memory: '',
  cpus: '',
  restart: 'no',
  network: 'bridge',
  tty: false,
  autoRemove: false,
};
