import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import type { NetworkRecord } from '#core/networks/types.ts';
import type { Context } from './context.ts';
import { completeEndpoint, containerOf } from './endpoints.ts';
import type { EndpointInput } from './request.ts';
import { isLive } from './state-machine.ts';
import type { ContainerRecord } from './types.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** `docker network connect`: now when the container runs, at its next start otherwise. */
export async function connectNetwork(
  context: Context,
  reference: string,
  network: NetworkRecord,
  input: EndpointInput,
): Promise<void> {
  const { id, name } = context.collection.resolve(reference);
  auditScope.object('network', network.id, network.name);
  auditScope.detail({ container: name });
  await context.lock(id, async () => {
    const record = context.collection.resolve(id);
    assertConnectable(record, network);
    const settings = completeEndpoint(input, network);
    const inForce = isLive(record)
      ? { ...settings, ...(await context.networking.connect(id, network.name, settings)) }
      : settings;
    context.collection.change(id, {
      networks: Object.fromEntries([...Object.entries(record.networks), [network.name, inForce]]),
    });
    await context.collection.save(id);
  });
}

function assertConnectable(record: ContainerRecord, network: NetworkRecord): void {
  if (network.driver === 'host')
    throw invalid('container cannot be connected to host network: it was not started on it');
  if (containerOf(record.hostConfig.NetworkMode) !== undefined) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (Object.hasOwn(record.networks, 'host')) {
    throw invalid(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (Object.hasOwn(record.networks, 'none') || network.driver === 'null') {
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
  }
  if (Object.hasOwn(record.networks, network.name)) {
    throw new EngineError('forbidden', `endpoint with name ${record.name} already exists in network ${network.name}`);
  }
}

/** `docker network disconnect`; `force` also of a container that is gone. */
export async function disconnectNetwork(context: Context, reference: string, network: NetworkRecord): Promise<void> {
  const { id, name } = context.collection.resolve(reference);
  auditScope.object('network', network.id, network.name);
  auditScope.detail({ container: name });
  await context.lock(id, async () => {
    const record = context.collection.resolve(id);
    if (Object.hasOwn(record.networks, 'host')) throw invalid('container cannot be disconnected from host network');
    if (!Object.hasOwn(record.networks, network.name)) {
      throw new EngineError('forbidden', `container ${record.id} is not connected to network ${network.name}`);
    }
    if (isLive(record)) await context.networking.disconnect(id, network.name);
    const rest = Object.entries(record.networks).filter(([key]) => key !== network.name);
    context.collection.change(id, { networks: Object.fromEntries(rest) });
    await context.collection.save(id);
  });
}
