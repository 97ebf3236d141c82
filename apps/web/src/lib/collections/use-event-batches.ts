'use client';
import type { LiveEvent } from '@contract/realtime.ts';
import { useEffect, useRef } from 'react';
import { useLiveEvents } from '../live.tsx';

/** Collects the events that `wanted` lets through for 120 ms, so that a burst costs one question to the engine. */
export function useEventBatches(
  host: string,
  wanted: (event: LiveEvent) => boolean,
  onBatch: (events: LiveEvent[]) => void,
  onReconnect: () => void,
): void {
  const pending = useRef<LiveEvent[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const latest = useRef(onBatch);
  useEffect(() => {
    latest.current = onBatch;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  useLiveEvents(
    host,
    (event) => {
      if (!wanted(event)) return;
      pending.current.push(event);
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        latest.current(pending.current.splice(0));
      }, 120);
    },
    onReconnect,
  );
}
