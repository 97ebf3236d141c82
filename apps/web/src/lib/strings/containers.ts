import type { ContainerAction } from '../container-actions.ts';
import { plural } from '../format.ts';

const verbs: Record<ContainerAction, string> = {
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  kill: 'Kill',
  pause: 'Pause',
  unpause: 'Resume',
  remove: 'Remove',
};
const done: Record<ContainerAction, string> = {
  start: 'Started',
  stop: 'Stopped',
  restart: 'Restarted',
  kill: 'Killed',
  pause: 'Paused',
  unpause: 'Resumed',
  remove: 'Removed',
};

const some = (names: readonly string[]) => (names.length === 1 ? names[0]! : plural(names.length, 'container'));

export const containers = {
  title: 'Containers',
  run: 'Run a container',
  list: 'Containers',
  filter: 'Filter containers',
  noun: 'container',
  verbs,
  did: (action: ContainerAction, names: readonly string[]) => `${done[action]} ${some(names)}`,
  failed: (action: ContainerAction, name: string) => `Could not ${verbs[action].toLowerCase()} ${name}`,
  verbAll: (action: ContainerAction, count: number) => `${verbs[action]} ${plural(count, 'container')}`,
  chips: { running: 'running', stopped: 'stopped', unhealthy: 'unhealthy', restarting: 'restarting' },
  columns: {
    state: 'State',
    name: 'Name',
    image: 'Image',
    cpu: 'CPU',
    memory: 'Memory',
    ports: 'Ports',
    stack: 'Stack',
    since: 'Since',
    restarts: 'Restarts',
    network: 'Net I/O',
    block: 'Disk I/O',
    pids: 'PIDs',
    ip: 'IP',
    id: 'Id',
    created: 'Created',
  },
  group: {
    by: 'Group by stack',
    none: 'No stack',
    summary: (running: number, all: number) => `${running} of ${all} running`,
    select: (name: string) => `Select all of ${name}`,
  },
  ofLimit: (used: string, limit: string) => `${used} of ${limit}`,
  more: (name: string) => `More actions for ${name}`,
  actionOn: (action: ContainerAction, name: string) => `${verbs[action]} ${name}`,
  select: (name: string) => `Select ${name}`,
  logs: 'Logs',
  terminal: 'Terminal',
  inspect: 'Inspect',
  empty: {
    title: 'No containers yet',
    text: 'A container is one program with its files, started from an image. Run one here, or with the docker command line:',
    command: 'docker run -d --name hello gantry/busybox:latest sleep 3600',
  },
  noMatch: 'No container fits this filter.',
  clear: 'Clear filter',
  loadFailed: 'Could not load the containers',
  confirm: {
    removeTitle: (names: readonly string[]) => `Remove ${some(names)}?`,
    removeText: 'What it wrote outside of its volumes is lost. Images and named volumes stay.',
    running: 'running: it will be killed',
    volumes: 'Also remove its anonymous volumes',
    volumesHint: 'Volumes without a name of their own; the data in them is lost.',
    killTitle: (names: readonly string[]) => `Kill ${some(names)}?`,
    killText: 'SIGKILL ends the process at once; it cannot save anything.',
    same: 'The same by command:',
  },
} as const;
