import type { ContainerCreate } from '../../lib/docker.ts';
import { parseSize } from '../../lib/format.ts';
import type { RunForm } from './model.ts';
import { quoteWord, splitWords } from './words.ts';

/** The body of `POST /containers/create` for a form that is valid. */
export function toCreate(form: RunForm): ContainerCreate {
  const command = splitWords(form.command) ?? [];
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const row of form.ports) {
    const key = `${row.containerPort}/${row.protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: row.hostIp, HostPort: row.hostPort }];
  }
  return {
    Image: form.image.trim(),
    ...(command.length > 0 ? { Cmd: command } : {}),
    Env: form.env.map((row) => `${row.key}=${row.value}`),
    Tty: form.tty,
    OpenStdin: form.tty,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])),
    HostConfig: {
      PortBindings: bindings,
      Mounts: form.mounts.map((row) => ({
        Type: row.type,
        Source: row.source,
        Target: row.target,
        ReadOnly: row.readOnly,
      })),
      ...(form.memory ? { Memory: parseSize(form.memory) } : {}),
      ...(form.cpus ? { NanoCpus: Math.round(Number(form.cpus) * 1e9) } : {}),
      RestartPolicy: { Name: form.restart === 'no' ? '' : form.restart },
      NetworkMode: form.network,
      AutoRemove: form.autoRemove,
    },
  };
}

/** The `docker run` line that makes the same container, as words for a POSIX shell; a flag and its value are one piece. */
export function toRunLine(form: RunForm): string[] {
  const pieces: string[] = ['docker run -d'];
  const flag = (name: string, value: string) => pieces.push(`${name} ${quoteWord(value)}`);
  if (form.tty) pieces.push('-it');
  if (form.autoRemove) pieces.push('--rm');
  if (form.name) flag('--name', form.name);
  if (form.network && form.network !== 'bridge') flag('--network', form.network);
  if (form.restart !== 'no') flag('--restart', form.restart);
  if (form.memory) flag('-m', form.memory);
  if (form.cpus) flag('--cpus', form.cpus);
  for (const row of form.ports) {
    const ip = row.hostIp.includes(':') ? `[${row.hostIp}]` : row.hostIp;
    const host = ip ? `${ip}:${row.hostPort}:` : row.hostPort ? `${row.hostPort}:` : '';
    flag('-p', `${host}${row.containerPort}${row.protocol === 'udp' ? '/udp' : ''}`);
  }
  for (const row of form.mounts) {
    // -v would make a missing host path; --mount refuses it, as this form does.
    if (row.type === 'volume') flag('-v', `${row.source}:${row.target}${row.readOnly ? ':ro' : ''}`);
    else flag('--mount', `type=bind,src=${row.source},dst=${row.target}${row.readOnly ? ',ro' : ''}`);
  }
  for (const row of form.env) flag('-e', `${row.key}=${row.value}`);
  pieces.push(form.image.trim() ? quoteWord(form.image.trim()) : 'IMAGE');
  const command = splitWords(form.command);
  if (command && command.length > 0) pieces.push(command.map(quoteWord).join(' '));
  return pieces;
}
