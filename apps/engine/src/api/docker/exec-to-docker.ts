import type { ExecRecord } from '#core/exec/types.ts';

/** `GET /exec/{id}/json`. */
export function execInspect(record: ExecRecord, detachKeys: string) {
  const { config } = record;
  const [entrypoint = '', ...args] = config.cmd;
  return {
    ID: record.id,
    Running: record.status === 'running',
    ExitCode: record.exitCode,
    ProcessConfig: {
      tty: config.tty,
      entrypoint,
      arguments: args,
      privileged: config.privileged,
      ...(config.user === '' ? {} : { user: config.user }),
    },
    OpenStdin: config.attachStdin,
    OpenStderr: config.attachStderr,
    OpenStdout: config.attachStdout,
    CanRemove: record.status === 'finished',
    ContainerID: record.containerId,
    DetachKeys: Buffer.from(config.detachKeys === '' ? '' : detachKeys, 'latin1').toString('base64'),
    Pid: record.pid,
  };
}
