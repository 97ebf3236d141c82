import { type DockerRequest, type DockerResponse, type DockerRoute, queryBool } from '#api/http/route.ts';
import { announce } from '#core/containers/announce.ts';
import type { Runtime } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';
import type { Logs } from '#core/logs/logs.ts';
import { createLateStdin } from './attach-stdin.ts';
import { detachKeysOf, type HungUp, pumpInput, pumpOutput, streamContentType, watchClient } from './attach-streams.ts';

export type AttachRoutesDeps = {
  containers: { resolve(ref: string): ContainerRecord; get(id: string): ContainerRecord | undefined };
  runtime: Pick<Runtime, 'openStdin'>;
  logs: Logs;
  events: Pick<EventBus, 'publish' | 'subscribe'>;
  onError(error: unknown): void;
  isHungUp?: HungUp;
};

/**
 * Attach to the main process. Output is read from the log from its present end on, input goes to the process; so a
 * client that does not read, or is gone, is never felt by the container. Attaching to one that does not run waits for
 * its start: that is how clients see a container's first byte.
 */
export function attachRoutes(deps: AttachRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/containers/{id}/attach',
      permission: 'containers:attach',
      audit: 'container.attach',
      body: 'hijack',
      handler: (request) => attach(deps, request, false),
    },
    {
      method: 'GET',
      path: '/containers/{id}/attach/ws',
      permission: 'containers:attach',
      audit: 'container.attach',
      body: 'hijack',
      handler: (request) => attach(deps, request, true),
    },
  ];
}

async function attach(deps: AttachRoutesDeps, request: DockerRequest, webSocket: boolean): Promise<DockerResponse> {
  const { query } = request;
  const container = deps.containers.resolve(request.params.id as string);
  assertAttachable(container);
  const keys = detachKeysOf(query.get('detachKeys'));
  const tty = container.config.Tty;
  const stream = queryBool(query, 'stream');
  const wanted = { stdout: queryBool(query, 'stdout'), stderr: queryBool(query, 'stderr'), raw: webSocket };
  const wantsInput = stream && queryBool(query, 'stdin') && container.config.OpenStdin;
  // The place in the log is taken before the answer: nothing printed from then on is missed.
  const output = stream
    ? await deps.logs.live(container, { ...wanted, past: queryBool(query, 'logs') })
    : await pastOf(deps, request, container, wanted);
  const connection = request.hijack(streamContentType(request, tty));
  watchClient(connection, !tty && !webSocket, deps.isHungUp);
  announce(deps, container, 'attach');
  const stdin = wantsInput ? createLateStdin(deps, container.id) : null;
  pumpInput(connection, {
    stdin,
    detachKeys: tty ? keys : null,
    closeStdin: container.config.StdinOnce,
    onDetach: () => {
      announce(deps, container, 'detach');
      connection.end();
    },
  });
  void pumpOutput(output, connection, null).then(() => {
    output.destroy();
    if (stdin !== null) stdin.destroy();
    connection.end();
  });
  return { kind: 'hijacked' };
}

/** `logs` without `stream`: what was printed so far, then the end. */
function pastOf(
  { logs }: AttachRoutesDeps,
  { query }: DockerRequest,
  container: ContainerRecord,
  wanted: { stdout: boolean; stderr: boolean; raw: boolean },
) {
  const tail = queryBool(query, 'logs') ? null : 0;
  const none = { follow: false, timestamps: false, details: false, since: null, until: null };
  return logs.read(container, { ...wanted, ...none, tail });
}

function assertAttachable({ id, state }: ContainerRecord): void {
  if (state.status === 'paused') {
    throw new EngineError('conflict', `container ${id} is paused, unpause the container before attach`);
  }
  if (state.status === 'restarting') {
    throw new EngineError('conflict', `container ${id} is restarting, wait until the container is running`);
  }
  if (state.status === 'removing' || state.status === 'dead') {
    throw new EngineError('conflict', `container ${id} is marked for removal and cannot be attached to`);
  }
}
