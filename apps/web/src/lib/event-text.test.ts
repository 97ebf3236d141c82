import { expect, it } from 'vitest';
import { eventSentence } from './event-text.ts';

const event = (Type: string, Action: string, ID: string, Attributes: Record<string, string> = {}) =>
  eventSentence({ host: 'local', Type, Action, Actor: { ID, Attributes }, time: 1, timeNano: 1 });

it.each([
  [event('container', 'die', 'a'.repeat(64), { name: 'web', exitCode: '137' }), 'web ended exit 137'],
  [event('container', 'kill', 'a'.repeat(64), { name: 'web', signal: '15' }), 'web was signalled signal 15'],
  [event('container', 'health_status: unhealthy', 'a', { name: 'web' }), 'web is unhealthy'],
  [event('container', 'exec_create: sh -c ls', 'a', { name: 'web' }), 'web exec create sh -c ls'],
  [event('image', 'delete', `sha256:${'ab'.repeat(32)}`), 'abababababab removed'],
  [event('image', 'save', 'x', { name: `sha256:${'ab'.repeat(32)}` }), 'abababababab saved'],
  [event('container', 'archive-path', 'a', { name: 'web' }), 'web had files read'],
  [event('volume', 'create', 'data'), 'data created'],
  [event('container', 'constructor', 'a', { name: 'x' }), 'x constructor'],
])('%#', (sentence, text) => {
  expect([sentence.subject, sentence.verb, sentence.detail].filter(Boolean).join(' ')).toBe(text);
});
