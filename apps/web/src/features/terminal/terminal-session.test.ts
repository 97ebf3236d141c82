import { expect, test } from 'vitest';
import type { Screen } from './screen.ts';
import { createTerminalSession, type TerminalSocket } from './terminal-session.ts';

type Sent = { event: string; value: Record<string, unknown>; answer: (result: unknown) => void };

/** A socket of which the test is the engine, and an emulator that draws when the test says so. */
function setUp(target: { command?: string[] } = {}) {
  const listeners = new Map<string, Set<(value: never) => void>>();
  const sent: Sent[] = [];
  const socket = {
    connected: true,
    emit: (event: string, value: Sent['value'], answer: Sent['answer']) => sent.push({ event, value, answer }),
    on: (event: string, listener: (value: never) => void) =>
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)),
    off: (event: string, listener: (value: never) => void) => listeners.get(event)?.delete(listener),
  };
  const drawn: string[] = [];
  const drawing: (() => void)[] = [];
  let type = (_data: string) => undefined as unknown;
  const terminal = {
    cols: 80,
    rows: 24,
    modes: { bracketedPasteMode: true },
    write(data: Uint8Array | string, done?: () => void) {
      drawn.push(typeof data === 'string' ? data : new TextDecoder().decode(data));
      if (done) drawing.push(done);
    },
    onData(listener: typeof type) {
      type = listener;
    },
    onBinary: () => undefined,
    onResize: () => undefined,
    focus: () => undefined,
    getSelection: () => '',
  };
  const element = new EventTarget();
  const screen = { terminal, element, dispose: () => undefined } as unknown as Screen;
  const session = createTerminalSession({
    socket: socket as unknown as TerminalSocket,
    screen,
    target: { host: 'local', container: 'c', ...target },
  });
  session.start();
  const send = (event: string, value?: unknown) => {
    for (const listener of listeners.get(event) ?? []) listener(value as never);
  };
  const of = (event: string) => sent.filter((each) => each.event === event).map((each) => each.value);
  const accept = (id: string) =>
    sent
      .findLast((each) => each.event === 'terminal:open')!
      .answer({ ok: true, value: { terminal: id, command: ['/bin/sh'] } });
  const paste = (text: string) =>
    element.dispatchEvent(
      Object.assign(new Event('paste', { cancelable: true }), { clipboardData: { getData: () => text } }),
    );
  const output = (id: string, text: string) =>
    send('terminal:output', { terminal: id, data: new TextEncoder().encode(text).buffer });
  return {
    session,
    socket,
    send,
    of,
    accept,
    output,
    paste,
    drawn,
    draw: () => drawing.splice(0).map((done) => done()),
    type: (data: string) => type(data),
  };
}

test('output is acknowledged when it is drawn, and output of others is not shown', () => {
  const { accept, output, of, drawn, draw } = setUp();
  accept('t1');
  output('t1', 'hello');
  output('t2', 'not mine');
  expect(drawn).toEqual(['hello']);
  expect(of('terminal:ack')).toEqual([]);
  draw();
  expect(of('terminal:ack')).toEqual([{ terminal: 't1', bytes: 5 }]);
});

test('output and an exit that overtake the answer are kept', () => {
  const { accept, output, send, drawn, session } = setUp();
  output('t1', 'early');
  send('terminal:exit', { terminal: 't1', exitCode: 3, reason: 'exited' });
  accept('t1');
  expect(drawn).toEqual(['early']);
  expect(session.view()).toMatchObject({ status: 'exited', exitCode: 3 });
});

test('input goes in pieces below the bound of a message; what is typed ahead waits for the process', () => {
  const { accept, of, type } = setUp();
  type('ls');
  type('\r');
  expect(of('terminal:input')).toEqual([]);
  accept('t1');
  expect(of('terminal:input')).toEqual([{ terminal: 't1', data: 'ls\r' }]);
  type('x'.repeat(40_000));
  const pieces = of('terminal:input').map((each) => (each.data as string).length);
  expect(pieces).toEqual([3, 16_000, 16_000, 8000]);
});

test('a paste of several lines waits for a yes', () => {
  const { accept, of, paste, session } = setUp();
  accept('t1');
  paste('ls');
  expect(of('terminal:input')).toEqual([{ terminal: 't1', data: '\x1b[200~ls\x1b[201~' }]);
  paste('rm -rf x\necho gone\n');
  expect(session.view().paste).toMatchObject({ lines: 2 });
  session.answerPaste(false);
  expect(of('terminal:input').length).toBe(1);
  paste('a\nb');
  session.answerPaste(true);
  expect(of('terminal:input')[1]).toEqual({ terminal: 't1', data: '\x1b[200~a\rb\x1b[201~' });
});

test('a lost connection ends the terminal, a refusal is shown, and either can start again', () => {
  const { accept, send, session, of } = setUp();
  accept('t1');
  send('disconnect');
  expect(session.view().status).toBe('lost');
  session.again();
  accept('t2');
  expect(session.view().status).toBe('running');
  expect(of('terminal:open').length).toBe(2);
});

test('closing ends the process, also one whose start was still under way', () => {
  const first = setUp();
  first.accept('t1');
  first.session.close();
  expect(first.of('terminal:close')).toEqual([{ terminal: 't1' }]);
  const second = setUp();
  second.session.close();
  second.accept('t9');
  expect(second.of('terminal:close')).toEqual([{ terminal: 't9' }]);
});
