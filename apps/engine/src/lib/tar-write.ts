import type { TarEntry, TarEntryType } from './tar.ts';

/** What is written; the rest has defaults: root's, mode 0644 (0755 for directories), time zero. */
export type TarHeader = Pick<TarEntry, 'name'> & Partial<Omit<TarEntry, 'name' | 'sparse'>>;

const BLOCK = 512;
const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** Octal with a trailing zero byte; null when it does not fit. */
function octal(value: number, width: number): string | null {
  const text = Math.trunc(value).toString(8);
  return value >= 0 && text.length < width ? `${text.padStart(width - 1, '0')}\0` : null;
}

function paxRecord(key: string, value: string | Buffer): Buffer {
  const body = Buffer.concat([
    Buffer.from(` ${key}=`, 'latin1'),
    typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
    Buffer.from('\n'),
  ]);
  // The length counts its own digits.
  let length = body.length + 1;
  while (String(length).length + body.length > length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function block(header: TarHeader, fields: Record<string, string>): Buffer {
  const out = Buffer.alloc(BLOCK);
  const type = header.type ?? 'file';
  out.write(fields.name ?? '', 0, 100, 'latin1');
  out.write(octal(header.mode ?? (type === 'directory' ? 0o755 : 0o644), 8) ?? '', 100, 'latin1');
  out.write(octal(header.uid ?? 0, 8) ?? '0000000\0', 108, 'latin1');
  out.write(octal(header.gid ?? 0, 8) ?? '0000000\0', 116, 'latin1');
  out.write(octal(fields.size === undefined ? 0 : Number(fields.size), 12) ?? '00000000000\0', 124, 'latin1');
  out.write(octal(Math.max(0, header.mtime ?? 0), 12) ?? '00000000000\0', 136, 'latin1');
  out.write('        ', 148, 'latin1');
  out.write(fields.flag ?? FLAGS[type], 156, 'latin1');
  out.write(fields.linkname ?? '', 157, 100, 'latin1');
  out.write('ustar\x0000', 257, 'latin1');
  if (type === 'char' || type === 'block') {
    out.write(octal(header.devMajor ?? 0, 8) ?? '', 329, 'latin1');
    out.write(octal(header.devMinor ?? 0, 8) ?? '', 337, 'latin1');
  }
  let sum = 0;
  for (const byte of out) sum += byte;
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return out;
}

/** Header blocks of one entry, with a PAX header before it when something does not fit ustar. */
export function tarHeader(header: TarHeader): Buffer {
  const name = header.type === 'directory' && !header.name.endsWith('/') ? `${header.name}/` : header.name;
  const size = header.type === undefined || header.type === 'file' ? (header.size ?? 0) : 0;
  const mtime = header.mtime ?? 0;
  const records: Buffer[] = [];
  if (name.length > 100) records.push(paxRecord('path', name));
  if ((header.linkname ?? '').length > 100) records.push(paxRecord('linkpath', header.linkname!));
  if (octal(size, 12) === null) records.push(paxRecord('size', String(size)));
  if (octal(header.uid ?? 0, 8) === null) records.push(paxRecord('uid', String(header.uid)));
  if (octal(header.gid ?? 0, 8) === null) records.push(paxRecord('gid', String(header.gid)));
  if (!Number.isInteger(mtime) || octal(mtime, 12) === null) records.push(paxRecord('mtime', String(mtime)));
  for (const [key, value] of header.xattrs ?? []) records.push(paxRecord(`SCHILY.xattr.${key}`, value));
  const main = block(header, { name, size: String(size), linkname: header.linkname ?? '' });
  if (records.length === 0) return main;
  const body = Buffer.concat(records);
  const pax = block({ name: 'pax', mode: 0o644 }, { name: 'PaxHeaders/entry', size: String(body.length), flag: 'x' });
  return Buffer.concat([pax, body, tarPadding(body.length), main]);
}

/** Zero bytes that fill the last block of a body. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** The end of an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);
