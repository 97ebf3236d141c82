import { describe, expect, it } from 'vitest';
import { createEventBus, type EngineEvent } from './events.ts';
import { createEventFilter } from './filter.ts';
import { eventStream } from './stream.ts';

function newBus() {
  const stored: EngineEvent[] = [];
  let clock = 1_000n;
  const bus = createEventBus({
    store: {
      append: (event) => stored.push(event),
      range: async (since, until) => stored.filter((event) => event.timeNano >= since && event.timeNano <= until),
    },
    now: () => {
      clock += 1n;
      return clock;
    },
    onListenerError: (error) => {
      throw error;
    },
  });
  const say = (action: string): EngineEvent => bus.publish({ type: 'container', action, id: 'c', attributes: {} });
  return { bus, say, now: () => clock };
}

const options = { since: null, until: null, filter: () => true, encode: (event: EngineEvent) => `${event.action} ` };

describe('eventStream', () => {
  it('goes from the past to what happens without gap or double', async () => {
    const { bus, say, now } = newBus();
    say('a');
    const { timeNano } = say('b');
    let raced = false;
    const stream = eventStream(
      {
        subscribe: bus.subscribe,
        async history(since, until) {
          const past = await bus.history(since, until);
          if (!raced) say('d');
          raced = true;
          return past;
        },
      },
      { ...options, since: timeNano, now },
    );
    say('c');
    let text = '';
    await new Promise<void>((resolve) => {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.endsWith('d ')) resolve();
      });
    });
    expect(text).toBe('b c d ');
    stream.destroy();
  });

  it('ends at until', async () => {
    const { bus, say, now } = newBus();
    const first = say('a');
    say('b');
    const stream = eventStream(bus, { ...options, since: 0n, until: first.timeNano, now });
    expect(await stream.toArray()).toEqual([Buffer.from('a ')]);
  });

  it('cuts off a client that does not read', async () => {
    const { bus, say, now } = newBus();
    const stream = eventStream(bus, { ...options, encode: () => 'x'.repeat(100_000), now });
    stream.read();
    const closed = new Promise((resolve) => stream.once('error', resolve));
    for (let index = 0; index < 10_010; index += 1) say('a');
    expect(await closed).toBeInstanceOf(Error);
  });
});

describe('createEventFilter', () => {
  const event = (patch: Partial<EngineEvent>): EngineEvent => ({
    type: 'container',
    action: 'start',
    actor: { id: 'abc123', attributes: { name: 'web', image: 'host:5000/nginx:1', tier: 'a', __proto__x: '1' } },
    timeNano: 1n,
    ...patch,
  });
  const passes = (filters: Record<string, string[]>, patch: Partial<EngineEvent> = {}): boolean =>
    createEventFilter(new Map(Object.entries(filters)))(event(patch));

  it.each<[Record<string, string[]>, boolean]>([
    [{}, true],
    [{ type: ['container'] }, true],
    [{ type: ['image', 'network'] }, false],
    [{ container: ['web'] }, true],
    [{ container: ['abc1'] }, true],
    [{ container: ['eb'] }, false],
    [{ image: ['host:5000/nginx'] }, true],
    [{ image: ['host:5000/nginx:1'] }, true],
    [{ image: ['nginx'] }, false],
    [{ label: ['tier'] }, true],
    [{ label: ['tier=a', 'none'] }, false],
    [{ label: ['__proto__'] }, false],
    [{ scope: ['local'] }, true],
    [{ scope: ['swarm'] }, false],
    [{ node: ['x'] }, false],
    [{ event: ['stop', 'start'] }, true],
    [{ event: ['sta'] }, false],
  ])('%j → %s', (filters, expected) => expect(passes(filters)).toBe(expected));

  it('takes an action without its detail', () => {
    expect(passes({ event: ['exec_create'] }, { action: 'exec_create: sh -c x' })).toBe(true);
    expect(passes({ event: ['exec_create: sh -c x'] }, { action: 'exec_create: sh -c x' })).toBe(true);
    expect(passes({ event: ['health_status'] }, { action: 'health_status: healthy' })).toBe(true);
  });
});
