import { Worker } from 'node:worker_threads';
import { EngineError } from '#core/errors.ts';
import type { Address, Link, Route } from './netlink.ts';

/** One job for the network thread; each is done completely, or undone and reported. */
export type NetTask =
  | { kind: 'add-namespace'; path: string; sysctls: Record<string, string> }
  | { kind: 'move-namespace'; from: string; to: string; sysctls: Record<string, string> }
  | { kind: 'remove-namespace'; path: string }
  | {
      kind: 'ensure-bridge';
      name: string;
      mac: string;
      mtu: number;
      /** Empty for a bridge without the host on it. */
      gateway: string;
      prefixLength: number;
      sysctls: Record<string, string>;
    }
  | VethTask
  | { kind: 'set-master'; name: string; master: string }
  | { kind: 'delete-link'; name: string }
  | {
      kind: 'set-routes';
      namespace: string;
      gateway: string | null;
      resolver: { address: string; interfaceName: string } | null;
    }
  | { kind: 'snapshot' }
  | { kind: 'list-links'; namespace: string }
  | { kind: 'read-sysctl'; name: string }
  | { kind: 'write-sysctl'; name: string; value: string };

export type VethTask = {
  kind: 'attach';
  namespace: string;
  bridge: string;
  hostInterface: string;
  interfaceName: string;
  macAddress: string;
  ipv4: string;
  prefixLength: number;
  gateway: string | null;
  resolver: string | null;
  mtu: number;
};

export type NetSnapshot = { links: Link[]; addresses: Address[]; routes: Route[] };
export type NetTaskResult = NetSnapshot | { value: string } | Link[];

/** The kernel's networking, through a thread that may change its network namespace. */
export type NetKernel = {
  /** Jobs are done in the order they come. Errors are EngineError `internal` with `details.errno`. */
  perform(task: NetTask): Promise<void>;
  snapshot(): Promise<NetSnapshot>;
  /** Interfaces inside a namespace. */
  linksIn(namespace: string): Promise<Link[]>;
  /** Of the engine's own namespace: `net.ipv4.ip_forward`. */
  readSysctl(name: string): Promise<string>;
  close(): Promise<void>;
};

type Waiting = { resolve: (result: NetTaskResult | undefined) => void; reject: (error: Error) => void };
type Answer = { id: number; result?: NetTaskResult; error?: { message: string; errno: number } };

export function createNetKernel(): NetKernel {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let next = 0;
  let closed = false;

  function fail(cause: unknown): void {
    worker = null;
    const error = new EngineError('internal', 'the network thread ended unexpectedly', { cause });
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }

  function start(): Worker {
    const made = new Worker(new URL('./netns-worker.ts', import.meta.url));
    made.on('message', ({ id, result, error }: Answer) => {
      const waiter = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) made.unref();
      if (error) {
        const { message, errno } = error;
        waiter?.reject(new EngineError('internal', `network: ${message}`, { details: { errno } }));
      } else waiter?.resolve(result);
    });
    made.on('error', fail);
    made.on('exit', (code) => {
      if (worker === made) fail(new Error(`exit ${code}`));
    });
    return made;
  }

  function ask(task: NetTask): Promise<NetTaskResult | undefined> {
    if (closed) return Promise.reject(new EngineError('unavailable', 'the network is being shut down'));
    worker ??= start();
    worker.ref();
    const id = next++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker?.postMessage({ id, task });
    });
  }

  return {
    async perform(task) {
      await ask(task);
    },
    snapshot: () => ask({ kind: 'snapshot' }) as Promise<NetSnapshot>,
    linksIn: (namespace) => ask({ kind: 'list-links', namespace }) as Promise<Link[]>,
    async readSysctl(name) {
      return ((await ask({ kind: 'read-sysctl', name })) as { value: string }).value;
    },
    async close() {
      closed = true;
      const ending = worker;
      worker = null;
      await ending?.terminate();
    },
  };
}
