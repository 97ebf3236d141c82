import { EngineError } from '#core/errors.ts';
import type { ContainerRecord, ContainerStatus } from './types.ts';

/**
 * Which status may follow which. Everything that changes a status goes through
 * `assertTransition`; what a user may ask for, and in which words it is
 * refused, is said by the `assertCan…` functions below.
 */
const legal: Readonly<Record<ContainerStatus, readonly ContainerStatus[]>> = {
  created: ['running', 'exited', 'removing'],
  running: ['paused', 'restarting', 'exited', 'removing'],
  paused: ['running', 'restarting', 'exited', 'removing'],
  restarting: ['running', 'exited', 'removing'],
  exited: ['running', 'restarting', 'removing'],
  removing: ['dead'],
  dead: ['removing'],
};

export function assertTransition(from: ContainerStatus, to: ContainerStatus): void {
  if (from !== to && !legal[from].includes(to)) {
    throw new EngineError('internal', `container cannot go from ${from} to ${to}`);
  }
}

const conflict = (message: string): EngineError => new EngineError('conflict', message);

/** Has a process, or will have one again by itself: Docker's `State.Running`. */
export const isRunning = (record: ContainerRecord): boolean =>
  record.state.status === 'running' || record.state.status === 'paused' || record.state.status === 'restarting';

/** Has a process now. */
export const isLive = (record: ContainerRecord): boolean =>
  record.state.status === 'running' || record.state.status === 'paused';

export function assertCanStart(record: ContainerRecord): void {
  switch (record.state.status) {
    case 'running':
      throw new EngineError('not_modified', `container ${record.id} is already running`);
    case 'paused':
      throw conflict('cannot start a paused container, try unpause instead');
    case 'removing':
    case 'dead':
      throw conflict('container is marked for removal and cannot be started');
    default:
  }
}

export function assertCanStop(record: ContainerRecord): void {
  if (!isRunning(record)) throw new EngineError('not_modified', `container ${record.id} is already stopped`);
}

export function assertCanKill(record: ContainerRecord, reference: string): void {
  if (!isRunning(record)) {
    throw conflict(`cannot kill container: ${reference}: container ${record.id} is not running`);
  }
}

export function assertCanPause(record: ContainerRecord): void {
  if (record.state.status === 'paused') throw conflict(`Container ${record.id} is already paused`);
  if (record.state.status === 'restarting') {
    throw conflict(`Container ${record.id} is restarting, wait until the container is running`);
  }
  if (record.state.status !== 'running') throw conflict(`Container ${record.id} is not running`);
}

export function assertCanUnpause(record: ContainerRecord): void {
  if (record.state.status !== 'paused') throw conflict(`Container ${record.id} is not paused`);
}

export function assertLive(record: ContainerRecord): void {
  if (record.state.status === 'restarting') {
    throw conflict(`Container ${record.id} is restarting, wait until the container is running`);
  }
  if (!isLive(record)) throw conflict(`container ${record.id} is not running`);
}

export function assertCanRemove(record: ContainerRecord, force: boolean): void {
  const { status } = record.state;
  if (status === 'removing') throw conflict(`removal of container ${record.name} is already in progress`);
  if (force || !isRunning(record)) return;
  const what =
    status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${status}: stop the container before removing or force remove`;
  throw conflict(`cannot remove container "/${record.name}": ${what}`);
}

export function assertCanUpdate(record: ContainerRecord): void {
  if (record.state.status === 'removing' || record.state.status === 'dead') {
    throw conflict(`cannot update container ${record.id}: container is marked for removal and cannot be "update"`);
  }
}
