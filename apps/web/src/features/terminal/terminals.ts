import { createScreen } from './screen.ts';
import {
  createTerminalSession,
  type TerminalSession,
  type TerminalSocket,
  type TerminalTarget,
} from './terminal-session.ts';

/** A terminal of this browser tab, with what the dock and the tabs call it. */
export type OpenTerminal = { key: string; host: string; container: string; name: string; session: TerminalSession };

/**
 * The terminals that are open, wherever they are shown. It belongs to the
 * browser tab and not to a page: terminals survive navigation.
 */
function createTerminals() {
  let list: readonly OpenTerminal[] = [];
  let count = 0;
  const watchers = new Set<() => void>();
  const opening = new Set<string>();
  const change = (next: readonly OpenTerminal[]) => {
    list = next;
    for (const watcher of watchers) watcher();
  };
  return {
    list: () => list,
    subscribe(watcher: () => void): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    /** Whether one is being made for this container: its parts may still be loading. */
    isOpening: (container: string) => opening.has(container),
    async open(options: {
      socket: TerminalSocket;
      target: TerminalTarget;
      name: string;
      fontSize: number;
    }): Promise<string> {
      const { socket, target, name, fontSize } = options;
      opening.add(target.container);
      try {
        const session = createTerminalSession({ socket, target, screen: await createScreen(fontSize) });
        const key = `t${++count}`;
        // Who shows the list shows the state of each too.
        session.subscribe(() => change([...list]));
        change([...list, { key, host: target.host, container: target.container, name, session }]);
        return key;
      } finally {
        opening.delete(target.container);
      }
    },
    close(key: string): void {
      list.find((each) => each.key === key)?.session.close();
      change(list.filter((each) => each.key !== key));
    },
  };
}

export const terminals = createTerminals();
