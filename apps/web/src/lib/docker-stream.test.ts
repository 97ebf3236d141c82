import { expect, test } from 'vitest';
import { createDemux } from './docker-stream.ts';

const frame = (stream: number, text: string) => {
  const body = new TextEncoder().encode(text);
  const all = new Uint8Array(8 + body.length);
  all[0] = stream;
  new DataView(all.buffer).setUint32(4, body.length);
  all.set(body, 8);
  return all;
};

test('frames are taken out however the bytes are cut', () => {
  const bytes = [frame(1, 'out\n'), frame(2, ''), frame(2, 'err\n'), frame(1, 'ü')].flatMap((each) => [...each]);
  for (const size of [1, 3, 7, 8, 9, 100]) {
    const demux = createDemux();
    const found: number[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      for (const part of demux(Uint8Array.from(bytes.slice(at, at + size)))) found.push(...part);
    }
    expect(new TextDecoder().decode(Uint8Array.from(found))).toBe('out\nerr\nü');
  }
});
