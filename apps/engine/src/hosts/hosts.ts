import type { Duplex } from 'node:stream';
import Dockerode from 'dockerode';
import type { Principal } from '#core/access/principal.ts';
import { EngineError } from '#core/errors.ts';
import { createMachine, type MachineNow } from './machine.ts';
import { createMemoryAgent } from './memory-connection.ts';

export type HostInfo = {
  id: string;
  name: string;
  kind: 'gantry' | 'docker' | 'podman';
  address: string;
  connected: boolean;
  version: string;
};

export type Hosts = {
  list(): HostInfo[];
  /**
   * A genuine dockerode for a host, acting as `principal`: what they may not
   * do through the API they may not do through it either.
   * @throws EngineError not_found.
   */
  docker(host: string, principal: Principal): Dockerode;
  now(host: string): Promise<MachineNow>;
};

/**
 * The hosts that speak the Docker API. The local engine is reached by a pair
 * of streams handed to its own HTTP server: no socket, no port.
 */
export function createHosts(deps: {
  /** Gives the engine's end of a new connection to its HTTP server. */
  accept: (serverEnd: Duplex, principal: Principal) => void;
  engine: { version: string; hostname: string };
  dataRoot: string;
}): Hosts {
  const machine = createMachine({ dataRoot: deps.dataRoot });
  const known = (host: string) => {
    if (host !== 'local') throw new EngineError('not_found', `No such host: ${host}`);
  };
  return {
    list: () => [
      {
        id: 'local',
        name: deps.engine.hostname,
        kind: 'gantry',
        address: 'memory',
        connected: true,
        version: deps.engine.version,
      },
    ],
    docker(host, principal) {
      known(host);
      const agent = createMemoryAgent((serverEnd) => deps.accept(serverEnd, principal));
      // `agent` is missing in its types. `timeout`: dockerode would take one from the environment.
      const options = { protocol: 'http', host: 'engine.local', port: 80, agent, timeout: undefined } as const;
      return new Dockerode(options as Dockerode.DockerOptions);
    },
    now(host) {
      known(host);
      return machine.now();
    },
  };
}
