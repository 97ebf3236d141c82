/**
 * The tar format, read and written as streams: ustar with the GNU (long names,
 * base-256 numbers, old sparse files) and PAX extensions. POSIX.1-2017 pax, "ustar Interchange
 * Format"; GNU tar manual, "Basic Tar Format".
 *
 * File names are bytes: every name here is a latin1 string, one character per
 * byte; `Buffer.from(name, 'latin1')` gives the bytes back.
 */
export type TarEntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export type TarEntry = {
  name: string;
  type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of the body in the archive. */
  size: number;
  /** Seconds since the epoch, with fraction. */
  mtime: number;
  /** Target of a link. */
  linkname: string;
  devMajor: number;
  devMinor: number;
  /** Extended attributes by name. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** For a sparse file: where the pieces of the body belong, and the size of the whole. */
  sparse?: { size: number; map: readonly { offset: number; length: number }[] };
};

export type TarItem = {
  entry: TarEntry;
  /** To be read before the next item is asked for; what is left of it is skipped. */
  body: AsyncIterable<Buffer>;
};

/** The archive is not well formed; the message says where. */
export class TarError extends Error {
  constructor(message: string) {
    super(`invalid tar archive: ${message}`);
    this.name = 'TarError';
  }
}

const BLOCK = 512;
/** Bytes of one extended header; names are at most 4096 and attributes 64 KiB, so this is generous. */
const EXTENSION_LIMIT = 1024 * 1024;
/** PATH_MAX. */
const NAME_LIMIT = 4096;
/** Pieces of one sparse file. */
const SPARSE_LIMIT = 65_536;

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  S: 'file',
};

type Source = {
  /** Exactly `length` bytes; null at a clean end of the stream. */
  take(length: number): Promise<Buffer | null>;
  /** Between 1 and `max` bytes, without copying. */
  some(max: number): Promise<Buffer>;
  /** Passes over that many bytes, or what there is of them. */
  skip(length: number): Promise<void>;
};

function createSource(stream: AsyncIterable<Uint8Array>): Source & { drain(): Promise<void> } {
  const iterator = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  const refill = async (): Promise<boolean> => {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return false;
      if (value.length === 0) continue;
      head = Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return true;
    }
  };
  const some = async (max: number): Promise<Buffer> => {
    if (head.length === 0 && !(await refill())) throw new TarError('unexpected end of file');
    const out = head.subarray(0, max);
    head = head.subarray(out.length);
    return out;
  };
  return {
    some,
    async skip(length) {
      for (let left = length; left > 0; ) {
        if (head.length === 0 && !(await refill())) return;
        left -= (await some(left)).length;
      }
    },
    async take(length) {
      if (head.length === 0 && !(await refill())) return null;
      const first = await some(length);
      if (first.length === length) return first;
      const parts = [first];
      for (let have = first.length; have < length; ) {
        const part = await some(length - have);
        parts.push(part);
        have += part.length;
      }
      return Buffer.concat(parts, length);
    },
    async drain() {
      head = Buffer.alloc(0);
      while (await refill()) head = Buffer.alloc(0);
    },
  };
}

/** Octal text, or base 256 when the first bit is set. */
function readNumber(field: Buffer, what: string): number {
  const first = field[0] ?? 0;
  if (first & 0x80) {
    let value = BigInt(first & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    const bits = BigInt(field.length * 8 - 1);
    if (first & 0x40) value -= 1n << bits;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new TarError(`${what} is out of range`);
    return number;
  }
  const text = field.toString('latin1').replace(/^[\0 ]+|[\0 ].*$/gs, '');
  if (text === '') return 0;
  if (!/^[0-7]+$/.test(text)) throw new TarError(`${what} is not a number`);
  return Number.parseInt(text, 8);
}

function readText(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString('latin1', 0, end < 0 ? field.length : end);
}

function checkSum(header: Buffer): void {
  const stored = readNumber(header.subarray(148, 156), 'checksum');
  let unsigned = 8 * 32;
  let signed = 8 * 32;
  for (let index = 0; index < BLOCK; index += 1) {
    if (index >= 148 && index < 156) continue;
    const byte = header[index]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  if (stored !== unsigned && stored !== signed) throw new TarError('a header has a wrong checksum');
}

/** Records `<length> <key>=<value>\n`; values are bytes. */
function readPax(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? '' : data.toString('latin1', at, space);
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const equals = data.indexOf(0x3d, space);
    const end = at + length;
    if (length === 0 || end > data.length || equals < 0 || equals >= end || data[end - 1] !== 0x0a) {
      throw new TarError('an extended header is malformed');
    }
    records.set(data.toString('latin1', space + 1, equals), data.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

function paxNumber(value: Buffer | undefined, fallback: number, what: string): number {
  if (value === undefined || value.length === 0) return fallback;
  const text = value.toString('latin1');
  const number = /^-?[0-9]+(\.[0-9]*)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number) || Math.abs(number) > Number.MAX_SAFE_INTEGER) throw new TarError(`${what} is invalid`);
  return number;
}

type Pending = { pax: Map<string, Buffer>; longName?: string; longLink?: string };

function readEntry(header: Buffer, pending: Pending): TarEntry {
  const { pax } = pending;
  const flag = header.toString('latin1', 156, 157);
  const known = TYPES[flag];
  if (known === undefined) throw new TarError(`entry type ${JSON.stringify(flag)} is not supported`);
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? readText(header.subarray(345, 500)) : '';
  const short = readText(header.subarray(0, 100));
  const paxName = (pax.get('GNU.sparse.name') ?? pax.get('path'))?.toString('latin1');
  const name = paxName ?? pending.longName ?? (prefix ? `${prefix}/${short}` : short);
  const linkname = pax.get('linkpath')?.toString('latin1') ?? pending.longLink ?? readText(header.subarray(157, 257));
  if (name === '') throw new TarError('an entry has no name');
  if (name.length > NAME_LIMIT || linkname.length > NAME_LIMIT) throw new TarError('a name is longer than 4096 bytes');
  if (name.includes('\0') || linkname.includes('\0')) throw new TarError('a name contains a zero byte');
  // Archives older than ustar mark a directory by its trailing slash alone.
  const type = known === 'file' && flag !== 'S' && name.endsWith('/') ? 'directory' : known;
  const size = paxNumber(pax.get('size'), readNumber(header.subarray(124, 136), 'size'), 'size');
  if (size < 0 || !Number.isInteger(size)) throw new TarError('size is invalid');
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of pax) {
    if (key.startsWith('SCHILY.xattr.')) xattrs.set(key.slice('SCHILY.xattr.'.length), value);
  }
  return {
    name,
    type,
    mode: readNumber(header.subarray(100, 108), 'mode') & 0o7777,
    uid: paxNumber(pax.get('uid'), readNumber(header.subarray(108, 116), 'uid'), 'uid'),
    gid: paxNumber(pax.get('gid'), readNumber(header.subarray(116, 124), 'gid'), 'gid'),
    size,
    mtime: paxNumber(pax.get('mtime'), readNumber(header.subarray(136, 148), 'mtime'), 'mtime'),
    linkname,
    devMajor: known === 'char' || known === 'block' ? readNumber(header.subarray(329, 337), 'device') : 0,
    devMinor: known === 'char' || known === 'block' ? readNumber(header.subarray(337, 345), 'device') : 0,
    xattrs,
  };
}

type SparseMap = { offset: number; length: number }[];

/** Old GNU form: four pieces in the header, more in blocks behind it. */
async function readOldSparse(header: Buffer, source: Source): Promise<TarEntry['sparse']> {
  const map: SparseMap = [];
  const add = (block: Buffer, count: number, base: number) => {
    for (let index = 0; index < count; index += 1) {
      const at = base + index * 24;
      if (block[at] === 0) return;
      const offset = readNumber(block.subarray(at, at + 12), 'sparse offset');
      map.push({ offset, length: readNumber(block.subarray(at + 12, at + 24), 'sparse length') });
    }
  };
  add(header, 4, 386);
  for (let more = header[482] !== 0; more; ) {
    const block = await source.take(BLOCK);
    if (!block) throw new TarError('unexpected end of file');
    add(block, 21, 0);
    if (map.length > SPARSE_LIMIT) throw new TarError('a sparse file has too many pieces');
    more = block[504] !== 0;
  }
  return checkSparse(readNumber(header.subarray(483, 495), 'sparse size'), map);
}

function checkSparse(size: number, map: SparseMap): TarEntry['sparse'] {
  let end = 0;
  for (const piece of map) {
    if (piece.length < 0 || piece.offset < end || piece.offset + piece.length > size) {
      throw new TarError('a sparse file is malformed');
    }
    end = piece.offset + piece.length;
  }
  return { size, map };
}

/** PAX forms 0.0 and 0.1: the map is in the header, in key order. */
function readPaxSparse(pax: Map<string, Buffer>): TarEntry['sparse'] {
  if (pax.get('GNU.sparse.major') !== undefined) throw new TarError('sparse format 1.x is not supported');
  const text = pax.get('GNU.sparse.map')?.toString('latin1');
  const size = pax.get('GNU.sparse.size');
  if (text === undefined) {
    if (size === undefined) return undefined;
    throw new TarError('sparse format 0.0 is not supported');
  }
  const numbers = text === '' ? [] : text.split(',').map(Number);
  if (numbers.length % 2 || numbers.length > 2 * SPARSE_LIMIT || !numbers.every(Number.isSafeInteger)) {
    throw new TarError('a sparse file is malformed');
  }
  const map: SparseMap = [];
  for (let at = 0; at < numbers.length; at += 2) map.push({ offset: numbers[at]!, length: numbers[at + 1]! });
  return checkSparse(paxNumber(size, 0, 'sparse size'), map);
}

async function readExtension(source: Source, size: number): Promise<Buffer> {
  if (size > EXTENSION_LIMIT) throw new TarError('an extended header is larger than 1 MiB');
  const padded = Math.ceil(size / BLOCK) * BLOCK;
  if (padded === 0) return Buffer.alloc(0);
  const data = await source.take(padded);
  if (!data) throw new TarError('unexpected end of file');
  return data.subarray(0, size);
}

/**
 * Reads an archive entry by entry. The stream is read to its end, also behind
 * the end-of-archive blocks, so that a digest over it is complete. Throws
 * TarError for anything malformed; errors of the stream pass through.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarItem, void, undefined> {
  const source = createSource(stream);
  const globals = new Map<string, Buffer>();
  let pending: Pending = { pax: new Map() };
  for (;;) {
    const header = await source.take(BLOCK);
    if (header === null) break;
    if (header.every((byte) => byte === 0)) break;
    checkSum(header);
    const flag = header.toString('latin1', 156, 157);
    if ('xgLK'.includes(flag)) {
      const data = await readExtension(source, readNumber(header.subarray(124, 136), 'size'));
      if (flag === 'x') pending.pax = new Map([...globals, ...readPax(data)]);
      else if (flag === 'g') for (const [key, value] of readPax(data)) globals.set(key, value);
      else if (flag === 'L') pending.longName = readText(data);
      else pending.longLink = readText(data);
      continue;
    }
    if (pending.pax.size === 0 && globals.size > 0) pending.pax = new Map(globals);
    const entry = readEntry(header, pending);
    entry.sparse = flag === 'S' ? await readOldSparse(header, source) : readPaxSparse(pending.pax);
    pending = { pax: new Map() };
    // Some writers give a size to a hard link although no body follows.
    if (entry.type !== 'file') entry.size = 0;
    let left = entry.size;
    const padding = (BLOCK - (left % BLOCK)) % BLOCK;
    const body = (async function* () {
      while (left > 0) {
        const chunk = await source.some(left);
        left -= chunk.length;
        yield chunk;
      }
    })();
    yield { entry, body };
    for (; left > 0; left -= (await source.some(left)).length);
    // Writers that are not closed properly leave the last entry's padding out; readers have always taken that.
    await source.skip(padding);
  }
  await source.drain();
}
