'use client';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useLive } from '#lib/live.tsx';
import { logs as words } from '#lib/strings/logs.ts';
import { createLogSession, type LogSession, type LogView } from './log-session.ts';
import { createLogStore, type LogStore } from './log-store.ts';

const IDLE: LogView = { status: 'connecting', message: null, paused: false, held: 0, full: false };
/** Lines are taken in at most this often: faster than anybody reads, slower than a flood. */
const FLUSH_MS = 50;

/** Follows the log of a container while mounted. `running` turning true opens an ended log again. */
export function useLogSession(options: { host: string; container: string; tail: number | 'all'; running: boolean }) {
  const { host, container, tail, running } = options;
  const { socket } = useLive();
  const [current, setCurrent] = useState<{ store: LogStore; session: LogSession } | null>(null);
  useEffect(() => {
    const store = createLogStore();
    const session = createLogSession({
      socket,
      host,
      container,
      tail,
      store,
      schedule: (work) => setTimeout(work, FLUSH_MS),
      marks: { ended: words.ended, started: words.started },
    });
    session.start();
    setCurrent({ store, session });
    return () => session.stop();
  }, [socket, host, container, tail]);
  const view = useSyncExternalStore(
    (changed) => current?.session.subscribe(changed) ?? (() => undefined),
    () => current?.session.view() ?? IDLE,
    () => IDLE,
  );
  const ended = view.status === 'ended';
  useEffect(() => {
    if (ended && running) current?.session.again(true);
  }, [ended, running, current]);
  return { view, store: current?.store ?? null, session: current?.session ?? null };
}
