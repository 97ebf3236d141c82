import { Writable } from 'node:stream';
import type { Runtime } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { isEngineError } from '#core/errors.ts';
import type { EventBus } from '#core/events/events.ts';

export type LateStdinDeps = {
  containers: { get(id: string): ContainerRecord | undefined };
  runtime: Pick<Runtime, 'openStdin'>;
  events: Pick<EventBus, 'subscribe'>;
  onError(error: unknown): void;
};

/**
 * Input for a container that may not have started yet: written bytes wait, and so does the client, until the process
 * is there. Ending it ends the process's input. Destroying it only lets go of it.
 */
export function createLateStdin({ containers, runtime, events, onError }: LateStdinDeps, id: string): Writable {
  let target: Writable | null = null;
  let opening: Promise<Writable> | null = null;
  let stopWaiting = (): void => undefined;

  const started = (): Promise<void> =>
    new Promise((resolve) => {
      const look = (): boolean => containers.get(id)?.state.status === 'running';
      stopWaiting = events.subscribe((event) => {
        if (event.type !== 'container' || event.actor.id !== id || event.action !== 'start') return;
        stopWaiting();
        resolve();
      });
      if (look()) {
        stopWaiting();
        resolve();
      }
    });

  const open = (): Promise<Writable> => {
    opening ??= started()
      .then(() => runtime.openStdin(id))
      .then((stdin) => {
        target = stdin;
        stdin.on('error', (error) => late.destroy(error));
        stdin.on('close', () => late.destroy());
        if (late.destroyed) stdin.destroy();
        return stdin;
      });
    return opening;
  };

  const late = new Writable({
    highWaterMark: 64 * 1024,
    write(chunk, _encoding, done) {
      open().then(
        (stdin) => stdin.write(chunk, (error) => done(error)),
        (error: Error) => done(error),
      );
    },
    final(done) {
      open().then(
        (stdin) => stdin.end(() => done()),
        (error: Error) => done(error),
      );
    },
    destroy(error, done) {
      stopWaiting();
      target?.destroy();
      done(error);
    },
  });
  // A process that ended first is no failure: its input is just not wanted any more.
  late.on('error', (error) => {
    if (!isEngineError(error, 'conflict')) onError(error);
  });
  // Opened at once: the first keystroke should not wait for it.
  open().catch((error: Error) => late.destroy(error));
  return late;
}
