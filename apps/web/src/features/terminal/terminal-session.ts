import type { Ack, ClientToServer, ServerToClient, TerminalOpen } from '@contract/realtime.ts';
import { type PasteRisk, pasteRisk, pasteText } from './paste.ts';
import type { Screen } from './screen.ts';

/**
 * One terminal: an exec in a container on one side, an emulator on the other.
 * It lives outside of the pages, so that it survives navigation; a page or
 * the dock only shows its element.
 */
export type TerminalStatus = 'starting' | 'running' | 'exited' | 'lost' | 'refused';

export type TerminalView = {
  status: TerminalStatus;
  /** What runs, e.g. `/bin/bash`. */
  command: string[];
  exitCode: number | null;
  message: string | null;
  /** A paste that waits for a yes. */
  paste: (PasteRisk & { text: string }) | null;
};

export type TerminalTarget = Omit<TerminalOpen, 'columns' | 'rows'>;

type TerminalEvents = 'terminal:open' | 'terminal:input' | 'terminal:ack' | 'terminal:resize' | 'terminal:close';

/** The part of the socket this needs. */
export type TerminalSocket = {
  readonly connected: boolean;
  emit<E extends TerminalEvents>(event: E, ...args: Parameters<ClientToServer[E]>): unknown;
  on<E extends 'terminal:output' | 'terminal:exit'>(event: E, listener: ServerToClient[E]): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  off<E extends 'terminal:output' | 'terminal:exit'>(event: E, listener: ServerToClient[E]): unknown;
  off(event: 'disconnect', listener: () => void): unknown;
};

/** Characters of one input message: at most 3 bytes each, so well below the bound of a message. */
const INPUT_CHARS = 16_000;
/** Output and an exit that may overtake the answer that names their terminal. */
const EARLY = 64;

export type TerminalSession = ReturnType<typeof createTerminalSession>;

export function createTerminalSession(options: { socket: TerminalSocket; screen: Screen; target: TerminalTarget }) {
  const { socket, screen, target } = options;
  const { terminal: emulator } = screen;
  const watchers = new Set<() => void>();
  let view: TerminalView = {
    status: 'starting',
    command: target.command ?? [],
    exitCode: null,
    message: null,
    paste: null,
  };
  let id: string | null = null;
  let attempt = 0;
  let early: (() => void)[] = [];
  let earlyIds: string[] = [];
  let typedAhead = '';

  const change = (next: Partial<TerminalView>) => {
    view = { ...view, ...next };
    for (const watcher of watchers) watcher();
  };
  const send = <E extends Exclude<TerminalEvents, 'terminal:open'>>(
    event: E,
    ...args: Parameters<ClientToServer[E]>
  ) => {
    if (socket.connected) socket.emit(event, ...args);
  };

  const onOutput: ServerToClient['terminal:output'] = ({ terminal, data }) => {
    if (id === null) return keepEarly(terminal, () => onOutput({ terminal, data }));
    if (terminal !== id) return;
    const bytes = new Uint8Array(data);
    // Acknowledged when drawn, not when received: a flood waits in the container, not here.
    emulator.write(bytes, () => send('terminal:ack', { terminal, bytes: bytes.length }));
  };
  const onExit: ServerToClient['terminal:exit'] = ({ terminal, exitCode, reason }) => {
    if (id === null) return keepEarly(terminal, () => onExit({ terminal, exitCode, reason }));
    if (terminal !== id) return;
    id = null;
    change({ status: 'exited', exitCode, message: reason });
  };
  const onDisconnect = () => {
    attempt++;
    id = null;
    if (view.status === 'running' || view.status === 'starting') change({ status: 'lost' });
  };

  function keepEarly(terminal: string, event: () => void): void {
    if (view.status !== 'starting' || early.length >= EARLY) return;
    early.push(event);
    earlyIds.push(terminal);
  }

  function open(): void {
    const mine = ++attempt;
    early = [];
    earlyIds = [];
    typedAhead = '';
    change({ status: 'starting', exitCode: null, message: null });
    const answer: Ack<{ terminal: string; command: string[] }> = (result) => {
      if (mine !== attempt) {
        if (result.ok) send('terminal:close', { terminal: result.value.terminal });
        return;
      }
      if (!result.ok) return change({ status: 'refused', message: result.error.message });
      id = result.value.terminal;
      change({ status: 'running', command: result.value.command });
      // The layout may have changed while the answer was on its way.
      send('terminal:resize', { terminal: id, columns: emulator.cols, rows: emulator.rows });
      early.forEach((event, index) => {
        if (earlyIds[index] === result.value.terminal) event();
      });
      early = [];
      const typed = typedAhead;
      typedAhead = '';
      if (typed !== '') input(typed);
    };
    if (socket.connected)
      socket.emit('terminal:open', { ...target, columns: emulator.cols, rows: emulator.rows }, answer);
    else change({ status: 'lost' });
  }

  function input(data: string): void {
    if (id === null) {
      // Typed ahead, as in any terminal: it is the new shell's first input.
      if (view.status === 'starting') typedAhead = (typedAhead + data).slice(0, INPUT_CHARS);
      return;
    }
    for (let at = 0; at < data.length; at += INPUT_CHARS) {
      send('terminal:input', { terminal: id, data: data.slice(at, at + INPUT_CHARS) });
    }
  }

  function onPaste(event: ClipboardEvent): void {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    event.preventDefault();
    event.stopPropagation();
    if (text === '' || id === null) return;
    const risk = pasteRisk(text, emulator.modes.bracketedPasteMode);
    if (risk) change({ paste: { ...risk, text } });
    else input(pasteText(text, emulator.modes.bracketedPasteMode));
  }

  function copySelection(): void {
    const text = emulator.getSelection();
    // Refused where the page is not secure; the browser's own copy still works there.
    if (text !== '') navigator.clipboard?.writeText(text).catch(() => undefined);
  }

  socket.on('terminal:output', onOutput);
  socket.on('terminal:exit', onExit);
  socket.on('disconnect', onDisconnect);
  emulator.onData(input);
  emulator.onBinary(input);
  emulator.onResize(({ cols, rows }) => {
    if (id !== null) send('terminal:resize', { terminal: id, columns: cols, rows });
  });
  screen.element.addEventListener('paste', onPaste, { capture: true });
  screen.element.addEventListener('mouseup', copySelection);

  return {
    target,
    screen,
    start: open,
    started: () => attempt > 0,
    /** After an exit: a new process in the same tab, below what is there. */
    again(): void {
      if (id !== null) return;
      emulator.write('\r\n');
      emulator.focus();
      open();
    },
    answerPaste(yes: boolean): void {
      const text = view.paste?.text;
      change({ paste: null });
      if (yes && text !== undefined) input(pasteText(text, emulator.modes.bracketedPasteMode));
      emulator.focus();
    },
    close(): void {
      attempt++;
      if (id !== null) send('terminal:close', { terminal: id });
      id = null;
      socket.off('terminal:output', onOutput);
      socket.off('terminal:exit', onExit);
      socket.off('disconnect', onDisconnect);
      watchers.clear();
      screen.dispose();
    },
    view: () => view,
    subscribe(watcher: () => void): () => void {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
  };
}
