'use client';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useLive } from '#lib/live.tsx';
import { logs as words } from '#lib/strings/logs.ts';
import { createLogSession, type LogSession, type LogView } from './log-session.ts';
import { createLogStore, type LogStore } from './log-store.ts';

const IDLE: LogView = { status: 'connecting', message: null, paused: false, held: 0, full: false };
/** Lines are taken in at most this often: faster than anybody reads, slower than a flood. */
const FLUSH_MS = 50;

/** Follows the log of a container while mounted. Another `run` (when it was started; null: not running) opens an ended log again. */
export function useLogSession(options: {
  host: string;
  container: string;
  tail: number | 'all';
  run: string | null;
  since: string | undefined;
  until: string | undefined;
}) {
  const { host, container, tail, run, since, until } = options;
  const { socket } = useLive();
  const [current, setCurrent] = useState<{ store: LogStore; session: LogSession } | null>(null);
  // What is known of the container lags behind its output: its end must not look like a new beginning.
  const latestRun = useRef(run);
  const openedFor = useRef(run);
  useEffect(() => {
    latestRun.current = run;
  });
  useEffect(() => {
    const store = createLogStore();
    const session = createLogSession({
      socket,
      host,
      container,
      tail,
      since,
      until,
      store,
      schedule: (work) => setTimeout(work, FLUSH_MS),
      marks: { ended: until ? words.rangeEnd : words.ended, started: words.started },
    });
    openedFor.current = latestRun.current;
    session.start();
    setCurrent({ store, session });
    return () => session.stop();
  }, [socket, host, container, tail, since, until]);
  const view = useSyncExternalStore(
    (changed) => current?.session.subscribe(changed) ?? (() => undefined),
    () => current?.session.view() ?? IDLE,
    () => IDLE,
  );
  const ended = view.status === 'ended';
  useEffect(() => {
    if (!ended || until || run === null || run === openedFor.current) return;
    openedFor.current = run;
    current?.session.again(true);
  }, [ended, run, current, until]);
  return { view, store: current?.store ?? null, session: current?.session ?? null };
}
