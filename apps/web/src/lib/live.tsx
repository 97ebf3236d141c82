'use client';
import type { ClientToServer, LiveEvent, ServerToClient, StatsSample } from '@contract/realtime.ts';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { io, type Socket } from 'socket.io-client';
import { RequestError, request } from './request.ts';

export type LiveSocket = Socket<ServerToClient, ClientToServer>;
export type LiveStatus = 'connecting' | 'connected' | 'lost';
export type StatsMap = ReadonlyMap<string, StatsSample>;

/** The one socket of the page, and what several parts of the page share of it. */
export type Live = {
  socket: LiveSocket;
  status(): LiveStatus;
  onStatus(changed: () => void): () => void;
  /** Calls back for each event of the host; subscribes once however many ask. */
  onEvent(host: string, listener: (event: LiveEvent) => void): () => void;
  /** The newest samples of a host's containers by id; `container` absent: all that run. */
  onStats(host: string, container: string | undefined, changed: () => void): () => void;
  stats(host: string): StatsMap;
};

const none: StatsMap = new Map();

function createStats(socket: LiveSocket) {
  const samples = new Map<string, StatsMap>();
  const wanted = new Map<string, Set<{ container: string | undefined; changed: () => void }>>();
  const ask = (host: string) => {
    const list = [...(wanted.get(host) ?? [])];
    if (list.length === 0) {
      socket.emit('stats:unsubscribe', { host }, () => undefined);
      samples.delete(host);
      return;
    }
    const all = list.some((want) => want.container === undefined);
    const containers = [...new Set(list.map((want) => want.container!))];
    socket.emit('stats:subscribe', all ? { host } : { host, containers }, () => undefined);
  };
  socket.on('stats', ({ host, samples: batch }) => {
    samples.set(host, new Map(batch.map((sample) => [sample.id, sample])));
    for (const want of wanted.get(host) ?? []) want.changed();
  });
  socket.on('connect', () => {
    for (const host of wanted.keys()) ask(host);
  });
  return {
    stats: (host: string) => samples.get(host) ?? none,
    onStats(host: string, container: string | undefined, changed: () => void) {
      const want = { container, changed };
      const list = wanted.get(host) ?? new Set();
      wanted.set(host, list);
      list.add(want);
      if (socket.connected) ask(host);
      return () => {
        list.delete(want);
        if (list.size === 0) wanted.delete(host);
        if (socket.connected) ask(host);
      };
    },
  };
}

function createEvents(socket: LiveSocket) {
  const listeners = new Map<string, Set<(event: LiveEvent) => void>>();
  socket.on('event', (event) => {
    for (const listener of listeners.get(event.host) ?? []) listener(event);
  });
  socket.on('connect', () => {
    for (const host of listeners.keys()) socket.emit('events:subscribe', { host }, () => undefined);
  });
  return {
    onEvent(host: string, listener: (event: LiveEvent) => void) {
      const list = listeners.get(host) ?? new Set();
      if (list.size === 0 && socket.connected) socket.emit('events:subscribe', { host }, () => undefined);
      listeners.set(host, list);
      list.add(listener);
      return () => {
        list.delete(listener);
        if (list.size > 0) return;
        listeners.delete(host);
        if (socket.connected) socket.emit('events:unsubscribe', { host }, () => undefined);
      };
    },
  };
}

/** The answer that renews a session comes after the end of the old one. */
const RENEWAL_MS = 1000;

/** A changed password ends the session and begins another: whether anybody is still signed in is asked, not assumed. */
async function goOnOrLeave(socket: LiveSocket): Promise<void> {
  try {
    await request('/api/v1/session');
  } catch (error) {
    // The question itself has already led to the sign-in page.
    if (error instanceof RequestError && error.status === 401) return;
  }
  socket.connect();
}

export function createLive(): Live {
  const socket: LiveSocket = io({
    path: '/live',
    transports: ['websocket'],
    autoConnect: false,
    reconnectionDelayMax: 5000,
  });
  let status: LiveStatus = 'connecting';
  const watchers = new Set<() => void>();
  const setStatus = (next: LiveStatus) => {
    status = next;
    for (const watcher of watchers) watcher();
  };
  socket.on('connect', () => setStatus('connected'));
  socket.on('disconnect', () => setStatus('lost'));
  socket.on('connect_error', () => setStatus('lost'));
  socket.on('session:end', () => void setTimeout(goOnOrLeave, RENEWAL_MS, socket));
  return {
    socket,
    status: () => status,
    onStatus(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    ...createEvents(socket),
    ...createStats(socket),
  };
}

const LiveContext = createContext<Live | null>(null);

/** Connects while mounted: inside the session gate. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const [live] = useState(createLive);
  useEffect(() => {
    live.socket.connect();
    return () => {
      live.socket.disconnect();
    };
  }, [live]);
  return <LiveContext.Provider value={live}>{children}</LiveContext.Provider>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('useLive outside of LiveProvider');
  return live;
}

export function useLiveStatus(): LiveStatus {
  const live = useLive();
  return useSyncExternalStore(live.onStatus, live.status, () => 'connecting' as LiveStatus);
}

/** Calls `listener` for every event of the host while mounted; `onReconnect` when events may have been missed: also before the first connection. */
export function useLiveEvents(host: string, listener: (event: LiveEvent) => void, onReconnect?: () => void): void {
  const live = useLive();
  const latest = useRef({ listener, onReconnect });
  useEffect(() => {
    latest.current = { listener, onReconnect };
  });
  useEffect(() => live.onEvent(host, (event) => latest.current.listener(event)), [live, host]);
  useEffect(() => {
    const onConnect = () => latest.current.onReconnect?.();
    live.socket.on('connect', onConnect);
    return () => {
      live.socket.off('connect', onConnect);
    };
  }, [live]);
}

/** Samples by container id, about every two seconds; all running containers of the host. */
export function useAllStats(host: string): StatsMap {
  const live = useLive();
  const subscribe = useCallback((changed: () => void) => live.onStats(host, undefined, changed), [live, host]);
  return useSyncExternalStore(
    subscribe,
    () => live.stats(host),
    () => none,
  );
}

/** The newest sample of one container. */
export function useStats(host: string, container: string): StatsSample | undefined {
  const live = useLive();
  const subscribe = useCallback(
    (changed: () => void) => live.onStats(host, container, changed),
    [live, host, container],
  );
  return useSyncExternalStore(
    subscribe,
    () => live.stats(host).get(container),
    () => undefined,
  );
}
