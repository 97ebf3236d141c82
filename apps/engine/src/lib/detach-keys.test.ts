import { describe, expect, it } from 'vitest';
import { createDetachScanner, parseDetachKeys } from './detach-keys.ts';

describe('parseDetachKeys', () => {
  it('reads control keys and characters', () => {
    expect(parseDetachKeys('ctrl-a,x')).toEqual([1, 0x78]);
    expect(parseDetachKeys('ctrl-@,ctrl-[,ctrl-_')).toEqual([0, 0x1b, 0x1f]);
    expect(parseDetachKeys('')).toEqual([0x10, 0x11]);
  });
  it.each(['ctrl-', 'ctrl-1', 'ab', 'ctrl-a,,b', 'é', 'x'.repeat(300)])('refuses %j', (text) =>
    expect(parseDetachKeys(text)).toBeNull(),
  );
});

function feed(keys: string, ...chunks: string[]): { text: string; detached: boolean } {
  const scanner = createDetachScanner(parseDetachKeys(keys) as readonly number[]);
  let text = '';
  for (const chunk of chunks) {
    const { data, detached } = scanner.push(Buffer.from(chunk, 'latin1'));
    text += data.toString('latin1');
    if (detached) return { text, detached };
  }
  return { text, detached: false };
}

describe('createDetachScanner', () => {
  it('passes ordinary input through unchanged', () => {
    expect(feed('', 'hello', 'world')).toEqual({ text: 'helloworld', detached: false });
  });
  it('finds the sequence within one chunk and across chunks', () => {
    expect(feed('', 'ab\x10\x11cd')).toEqual({ text: 'ab', detached: true });
    expect(feed('', 'ab\x10', '\x11')).toEqual({ text: 'ab', detached: true });
  });
  it('gives back what was held when the sequence breaks off', () => {
    expect(feed('', 'a\x10b')).toEqual({ text: 'a\x10b', detached: false });
    expect(feed('', 'a\x10', 'b')).toEqual({ text: 'a\x10b', detached: false });
    expect(feed('', '\x10\x10\x11')).toEqual({ text: '\x10', detached: true });
  });
  it('holds an unfinished prefix back', () => {
    expect(feed('ctrl-a,x', 'q\x01')).toEqual({ text: 'q', detached: false });
  });
});
