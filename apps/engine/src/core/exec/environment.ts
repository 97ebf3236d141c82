import type { ContainerRecord } from '#core/containers/types.ts';
import type { ExecConfig } from './types.ts';

/** What a shell finds when neither image nor user say otherwise; Docker's. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const keyOf = (pair: string): string => {
  const equals = pair.indexOf('=');
  return equals < 0 ? pair : pair.slice(0, equals);
};

/**
 * Environment of an exec: the engine's defaults, then the container's, then the command's own; the last one of a name
 * wins. A name without `=` takes the name away. HOME is the runtime's, which knows the user.
 */
export function execEnvironment(container: ContainerRecord, config: Pick<ExecConfig, 'env' | 'tty'>): string[] {
  const pairs = new Map<string, string>([
    ['PATH', `PATH=${DEFAULT_PATH}`],
    ['HOSTNAME', `HOSTNAME=${container.config.Hostname}`],
  ]);
  if (config.tty) pairs.set('TERM', 'TERM=xterm');
  for (const pair of [...container.config.Env, ...config.env]) {
    if (pair.includes('=')) pairs.set(keyOf(pair), pair);
    else pairs.delete(pair);
  }
  return [...pairs.values()];
}
