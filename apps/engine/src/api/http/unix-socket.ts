import { chmod, chown, lstat, readFile, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { EngineError } from '#core/errors.ts';
import { makeDirectory } from '#lib/make-directory.ts';

/**
 * Listens on a unix socket that only root and `group` may open (0660), in a
 * directory others may pass but not list (0711). A socket left by an engine
 * that is gone is replaced; one that somebody answers on is not.
 * @throws EngineError conflict (somebody answers, or the path is no socket).
 */
export async function listenUnix(options: {
  path: string;
  /** Group that may use the engine, e.g. `docker`; without such a group the socket is root's alone. */
  group: string;
  accept: (socket: Socket) => void;
}): Promise<Server> {
  const { path, group, accept } = options;
  // A directory that was there before, like /run, keeps its mode.
  await makeDirectory(dirname(path), 0o711);
  await removeStale(path);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The file appears inside this call: nobody may connect before its owner and mode are set.
    const previous = process.umask(0o177);
    try {
      server.listen({ path, backlog: 511 }, resolve);
    } finally {
      process.umask(previous);
    }
  });
  const gid = await groupId(group);
  if (process.getuid?.() === 0) await chown(path, 0, gid ?? 0);
  await chmod(path, 0o660);
  return server;
}

async function removeStale(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stat === null) return;
  if (!stat.isSocket()) throw new EngineError('conflict', `${path} exists and is not a socket`);
  if (await answers(path)) throw new EngineError('conflict', `another engine is answering on ${path}`);
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => settle(true));
    // Refused: nobody listens any more. Anything else (a full backlog, no permission) means somebody does.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

async function groupId(name: string): Promise<number | null> {
  if (name === '') return null;
  if (/^\d+$/.test(name)) return Number(name);
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  const line = groups.split('\n').find((entry) => entry.startsWith(`${name}:`));
  return line ? Number(line.split(':')[2]) : null;
}
