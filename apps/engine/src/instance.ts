import { createServer } from 'node:net';
import { ConfigError } from '#config/config.ts';

/**
 * Makes sure that one engine alone works on a data root: two would remove what
 * they take for each other's leftovers. The lock is an abstract unix socket:
 * the kernel lets go of it with the process, however that ends.
 */
export function holdInstance(instance: string, dataRoot: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const lock = createServer((connection) => connection.destroy());
    lock.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(taken ? new ConfigError(`Another Gantry runs on the data root ${dataRoot}. End it first.`) : error);
    });
    lock.listen(`\0gantry-${instance}`, () => {
      lock.unref();
      resolve();
    });
  });
}
