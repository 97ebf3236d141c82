import { dockerPath, request } from './request.ts';

export type ContainerAction = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'remove';
export type RemoveOptions = { force: boolean; volumes: boolean };

/** Does one thing to one container. `remove` takes its anonymous volumes with it when `volumes` is set. */
export function actOnContainer(
  host: string,
  id: string,
  action: ContainerAction,
  options: RemoveOptions = { force: false, volumes: false },
): Promise<void> {
  const path = `/containers/${encodeURIComponent(id)}`;
  if (action === 'remove') {
    return request(dockerPath(host, path), {
      method: 'DELETE',
      query: { force: options.force ? 1 : undefined, v: options.volumes ? 1 : undefined },
    });
  }
  return request(dockerPath(host, `${path}/${action}`), { method: 'POST' });
}

/** What can be done in a state as Docker names it (`running`, `exited`, …), the likeliest first. */
export function possibleActions(state: string): ContainerAction[] {
  switch (state) {
    case 'running':
      return ['stop', 'restart', 'pause', 'kill', 'remove'];
    case 'restarting':
      return ['stop', 'restart', 'kill', 'remove'];
    case 'paused':
      return ['unpause', 'stop', 'kill', 'remove'];
    case 'removing':
      return [];
    case 'dead':
      return ['remove'];
    default:
      return ['start', 'remove'];
  }
}

/** The docker command that does the same. */
export function dockerCommand(action: ContainerAction, names: readonly string[], options?: RemoveOptions): string {
  const verb = action === 'remove' ? `rm${options?.force ? ' -f' : ''}${options?.volumes ? ' -v' : ''}` : action;
  return `docker ${verb} ${names.join(' ')}`;
}
