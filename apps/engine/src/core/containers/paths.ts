import { join } from 'node:path';
import type { ContainersDeps } from './context.ts';

type Paths = ContainersDeps['paths'];

/** A container's own directory: its log and the files bind-mounted into it. */
export const containerDir = (paths: Paths, id: string): string => join(paths.dataRoot, 'containers', id);
export const logPath = (paths: Paths, id: string): string => join(containerDir(paths, id), 'log');
export const hostnamePath = (paths: Paths, id: string): string => join(containerDir(paths, id), 'hostname');
export const hostsPath = (paths: Paths, id: string): string => join(containerDir(paths, id), 'hosts');
export const resolvConfPath = (paths: Paths, id: string): string => join(containerDir(paths, id), 'resolv.conf');
/** Where the root is assembled while the container runs. */
export const rootfsPath = (paths: Paths, id: string): string => join(paths.dataRoot, 'overlay', id, 'merged');
/** Mounts on the host that a running container's mounts are made from, by position: parts of volumes, tops of trees. */
export const heldDir = (paths: Paths, id: string): string => join(paths.runDir, 'held', id);
/** Memory of a container with a shareable IPC namespace. */
export const shmPath = (paths: Paths, id: string): string => join(paths.runDir, 'shm', id);
