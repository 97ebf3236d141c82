const BLOCK = 512;

/** Sets times later than `latest` (seconds) back to it, in the headers of a tar that comes in whole blocks. */
export function* clampTimes(source: Iterable<Buffer>, latest: number): Generator<Buffer> {
  let body = 0;
  for (const piece of source) {
    for (let at = 0; at + BLOCK <= piece.length; ) {
      if (body > 0) {
        const step = Math.min(body, piece.length - at);
        body -= step;
        at += step;
        continue;
      }
      const header = piece.subarray(at, at + BLOCK);
      at += BLOCK;
      if (header[0] === 0) continue;
      const size = Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
      body = Math.ceil(size / BLOCK) * BLOCK;
      const time = Number.parseInt(header.toString('latin1', 136, 147), 8) || 0;
      if (time <= latest) continue;
      header.write(`${latest.toString(8).padStart(11, '0')}\0`, 136, 'latin1');
      header.fill(' ', 148, 156);
      let sum = 0;
      for (const byte of header) sum += byte;
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    }
    yield piece;
  }
}
