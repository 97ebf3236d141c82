'use client';
import { useSyncExternalStore } from 'react';
import type { TerminalSession, TerminalView } from './terminal-session.ts';
import { type OpenTerminal, terminals } from './terminals.ts';

const none: readonly OpenTerminal[] = [];

export function useTerminals(): readonly OpenTerminal[] {
  return useSyncExternalStore(terminals.subscribe, terminals.list, () => none);
}

export function useTerminalView(session: TerminalSession): TerminalView {
  return useSyncExternalStore(session.subscribe, session.view, session.view);
}
