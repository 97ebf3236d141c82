/** Filters over a tar that comes in pieces of whole blocks, as os/tree-pack.ts writes it. */

const BLOCK = 512;

const sizeOf = (header: Buffer): number => Number.parseInt(header.toString('latin1', 124, 135), 8) || 0;
const nameOf = (header: Buffer): string => header.toString('latin1', 0, 100).split('\0', 1)[0] ?? '';
const isData = (header: Buffer): boolean => header[0] !== 0;

/** Pieces of the archive: its headers, one by one, and what lies between them. */
function* parts(source: Iterable<Buffer>): Generator<{ isHeader: boolean; bytes: Buffer }> {
  let body = 0;
  for (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      const isHeader = body === 0;
      const length = isHeader ? BLOCK : Math.min(body, piece.length - at);
      const bytes = piece.subarray(at, at + length);
      if (!isHeader) body -= length;
      else if (isData(bytes)) body = Math.ceil(sizeOf(bytes) / BLOCK) * BLOCK;
      at += length;
      yield { isHeader: isHeader && isData(bytes), bytes };
    }
  }
}

/** Joins what belongs together again, so that a layer is not sent block by block. */
function* joined(blocks: Iterable<Buffer>): Generator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for (const block of blocks) {
    waiting.push(block);
    size += block.length;
    if (size < 1024 * 1024) continue;
    yield Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}

function clampHeader(header: Buffer, latest: number): void {
  const time = Number.parseInt(header.toString('latin1', 136, 147), 8) || 0;
  if (time <= latest) return;
  header.write(`${latest.toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Sets times later than `latest` (seconds) back to it. */
export function* clampTimes(source: Iterable<Buffer>, latest: number): Generator<Buffer> {
  const clamped = function* () {
    for (const { isHeader, bytes } of parts(source)) {
      if (isHeader) clampHeader(bytes, latest);
      yield bytes;
    }
  };
  yield* joined(clamped());
}

/** Leaves out the directories and empty files of these names, unless there is something below them. */
export function* withoutStubs(source: Iterable<Buffer>, stubs: ReadonlySet<string>): Generator<Buffer> {
  const filtered = function* () {
    let held: { name: string; header: Buffer }[] = [];
    for (const { isHeader, bytes } of parts(source)) {
      if (!isHeader) {
        yield bytes;
        continue;
      }
      const name = nameOf(bytes).replace(/\/$/, '');
      held = held.filter((one) => name.startsWith(`${one.name}/`));
      if (stubs.has(name) && sizeOf(bytes) === 0) {
        held.push({ name, header: Buffer.from(bytes) });
        continue;
      }
      for (const { header } of held) yield header;
      held = [];
      yield bytes;
    }
  };
  yield* joined(filtered());
}
