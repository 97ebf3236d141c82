import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { NetKernel } from '#os/netns.ts';

/**
 * Network namespaces, each a file on which one is bind-mounted. A few are made
 * before they are needed: making one costs a millisecond when the host is idle
 * and much more while another is being torn down.
 */
export type NamespacePool = {
  path(containerId: string): string;
  take(containerId: string, sysctls: Record<string, string>): Promise<string>;
  remove(containerId: string): Promise<void>;
  /** Removes every namespace but those of these containers, then fills the pool. */
  sweep(containerIds: ReadonlySet<string>): Promise<void>;
  /** Removes the ready ones; those of containers stay. */
  close(): Promise<void>;
};

const READY_PREFIX = '.ready-';

/** What Docker sets in a container's own namespace: low ports and ping for every user; no IPv6 where we route none. */
const SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};
const NO_IPV6: Readonly<Record<string, string>> = { 'net.ipv6.conf.default.disable_ipv6': '1' };

export function createNamespacePool(deps: {
  kernel: NetKernel;
  directory: string;
  size: number;
  /** Whether the host has IPv6 at all. */
  ipv6: boolean;
  warn: (message: string, error: unknown) => void;
}): NamespacePool {
  const { kernel, directory } = deps;
  const ready: string[] = [];
  let filling: Promise<void> | null = null;
  let counter = 0;
  let closed = false;
  const path = (containerId: string): string => join(directory, containerId);

  async function add(): Promise<string> {
    counter += 1;
    const made = join(directory, `${READY_PREFIX}${process.pid}-${counter}`);
    await kernel.perform({
      kind: 'add-namespace',
      path: made,
      sysctls: deps.ipv6 ? { ...SYSCTLS, ...NO_IPV6 } : { ...SYSCTLS },
    });
    return made;
  }

  async function fill(): Promise<void> {
    while (!closed && ready.length < deps.size) ready.push(await add());
  }

  function refill(): void {
    if (filling || closed) return;
    filling = fill()
      .catch((error: unknown) => deps.warn('cannot make network namespaces in advance', error))
      .finally(() => {
        filling = null;
      });
  }

  return {
    path,
    async take(containerId, sysctls) {
      const from = ready.shift() ?? (await add());
      try {
        await Promise.all([
          // What a crash may have left; there is none otherwise, and that costs one system call.
          kernel.perform({ kind: 'remove-namespace', path: path(containerId) }),
          kernel.perform({ kind: 'move-namespace', from, to: path(containerId), sysctls }),
        ]);
      } catch (error) {
        if (Object.keys(sysctls).length === 0) ready.push(from);
        // Some of the settings may have been made: nobody else may get this one.
        else await kernel.perform({ kind: 'remove-namespace', path: from });
        throw asSysctlError(error);
      }
      refill();
      return path(containerId);
    },
    remove: (containerId) => kernel.perform({ kind: 'remove-namespace', path: path(containerId) }),
    async sweep(containerIds) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const name of await readdir(directory)) {
        const inUse = containerIds.has(name) || ready.includes(join(directory, name));
        if (!inUse) await kernel.perform({ kind: 'remove-namespace', path: join(directory, name) });
      }
      refill();
    },
    async close() {
      closed = true;
      await filling;
      for (const made of ready.splice(0)) await kernel.perform({ kind: 'remove-namespace', path: made });
    },
  };
}

/** The kernel has no such setting in a network namespace, or not that value: whoever asked for it is told which. */
function asSysctlError(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  const name = /\/proc\/sys\/([\w./-]+)/.exec(message)?.[1]?.replaceAll('/', '.');
  if (!name) return error;
  const reason = /\(E\w+\)|E[A-Z]+: ([^,]*)/.exec(message)?.[1] ?? 'invalid argument';
  return new EngineError('invalid_argument', `sysctl "${name}" cannot be set: ${reason}`, { cause: error });
}
