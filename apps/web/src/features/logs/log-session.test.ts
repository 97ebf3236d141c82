import { expect, test } from 'vitest';
import { createLogSession, type LogSocket } from './log-session.ts';
import { createLogStore } from './log-store.ts';

type Answer = (result: unknown) => void;

/** A socket of which the test is the engine. */
function engine() {
  const listeners = new Map<string, Set<(value: never) => void>>();
  const opened: { request: Record<string, unknown>; answer: Answer }[] = [];
  const acks: number[] = [];
  const closed: string[] = [];
  const socket = {
    connected: true,
    emit(event: string, ...args: unknown[]) {
      if (event === 'logs:open')
        opened.push({ request: args[0] as Record<string, unknown>, answer: args[1] as Answer });
      if (event === 'logs:ack') acks.push((args[0] as { seq: number }).seq);
      if (event === 'logs:close') closed.push((args[0] as { stream: string }).stream);
    },
    on: (event: string, listener: (value: never) => void) =>
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)),
    off: (event: string, listener: (value: never) => void) => listeners.get(event)?.delete(listener),
  };
  const send = (event: string, value?: unknown) => {
    for (const listener of listeners.get(event) ?? []) listener(value as never);
  };
  return { socket, opened, acks, closed, send };
}

const at = (n: number) => `2026-01-01T00:00:00.${String(n).padStart(9, '0')}Z`;
const lines = (...numbers: number[]) => numbers.map((n) => ({ t: at(n), s: 1, m: `line ${n}` }));

function setUp() {
  const server = engine();
  const store = createLogStore();
  const work: (() => void)[] = [];
  const session = createLogSession({
    socket: server.socket as unknown as LogSocket,
    host: 'local',
    container: 'c1',
    tail: 100,
    store,
    schedule: (next) => work.push(next),
    marks: { ended: 'ended', started: 'started' },
  });
  session.start();
  const frame = () => {
    for (const next of work.splice(0)) next();
  };
  const accept = (stream: string) => server.opened.at(-1)!.answer({ ok: true, value: { stream } });
  const texts = () => Array.from({ length: store.size() }, (_, index) => store.get(store.first() + index)!.m);
  return { ...server, store, session, frame, accept, texts };
}

test('chunks are acknowledged only when their lines are in the store', () => {
  const { accept, send, frame, acks, texts } = setUp();
  accept('s1');
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1, 2) });
  send('logs:chunk', { stream: 's1', seq: 2, lines: lines(3) });
  send('logs:chunk', { stream: 'other', seq: 9, lines: lines(9) });
  expect(acks).toEqual([]);
  frame();
  expect(texts()).toEqual(['line 1', 'line 2', 'line 3']);
  expect(acks).toEqual([2]);
});

test('chunks that overtake the answer are not lost, and neither is an early end', () => {
  const { accept, send, frame, texts, session } = setUp();
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1) });
  send('logs:end', { stream: 's1', reason: 'end' });
  accept('s1');
  frame();
  expect(texts()).toEqual(['line 1', 'ended']);
  expect(session.view().status).toBe('ended');
});

test('a lost connection is taken up without gap or double', () => {
  const { accept, send, frame, opened, socket, texts, session } = setUp();
  accept('s1');
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1, 2) });
  frame();
  socket.connected = false;
  send('disconnect');
  expect(session.view().status).toBe('lost');
  socket.connected = true;
  send('connect');
  expect(opened[1]!.request).toEqual({ host: 'local', container: 'c1', tail: 'all', since: at(2), follow: true });
  accept('s2');
  send('logs:chunk', { stream: 's2', seq: 1, lines: lines(2, 3) });
  frame();
  expect(texts()).toEqual(['line 1', 'line 2', 'line 3']);
  expect(session.view().status).toBe('live');
});

test('a pause counts what it holds, and beyond its bound the engine waits', () => {
  const { accept, send, frame, acks, texts, session } = setUp();
  accept('s1');
  session.setPaused(true);
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1, 2) });
  frame();
  expect(session.view()).toMatchObject({ held: 2, full: false });
  expect(acks).toEqual([1]);
  send('logs:chunk', { stream: 's1', seq: 2, lines: [{ t: at(3), s: 1, m: 'x'.repeat(9 * 1024 * 1024) }] });
  expect(session.view()).toMatchObject({ held: 3, full: true });
  expect(acks).toEqual([1]);
  expect(texts()).toEqual([]);
  session.setPaused(false);
  expect(acks).toEqual([1, 2]);
  expect(texts().length).toBe(3);
  expect(session.view().held).toBe(0);
});

test('what a pause held through a lost connection and an end still comes', () => {
  const { accept, send, socket, texts, session, frame } = setUp();
  accept('s1');
  session.setPaused(true);
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1, 2) });
  socket.connected = false;
  send('disconnect');
  socket.connected = true;
  send('connect');
  accept('s2');
  send('logs:chunk', { stream: 's2', seq: 1, lines: lines(1, 2, 3) });
  send('logs:end', { stream: 's2', reason: 'end' });
  session.setPaused(false);
  frame();
  expect(texts()).toEqual(['line 1', 'line 2', 'line 3', 'ended']);
});

test('a container that starts again goes on in the same view', () => {
  const { accept, send, frame, texts, session } = setUp();
  accept('s1');
  send('logs:chunk', { stream: 's1', seq: 1, lines: lines(1) });
  send('logs:end', { stream: 's1', reason: 'end' });
  session.again(true);
  accept('s2');
  send('logs:chunk', { stream: 's2', seq: 1, lines: lines(1, 5) });
  frame();
  expect(texts()).toEqual(['line 1', 'ended', 'started', 'line 5']);
});

test('a refusal is shown, and an answer that comes too late is closed again', () => {
  const { opened, session, closed } = setUp();
  opened[0]!.answer({ ok: false, error: { code: 'not_found', message: 'No such container: c1' } });
  expect(session.view()).toMatchObject({ status: 'error', message: 'No such container: c1' });
  session.again();
  session.stop();
  opened[1]!.answer({ ok: true, value: { stream: 'late' } });
  expect(closed).toEqual(['late']);
});
