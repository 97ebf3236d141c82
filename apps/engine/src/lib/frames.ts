/**
 * The multiplexed stream of attach, exec and logs without a terminal: each
 * chunk of output has a header of 8 bytes: stream (0 stdin, 1 stdout,
 * 2 stderr), three zero bytes, length as a big-endian 32-bit number.
 * Docker Engine API, ContainerAttach, "Stream format".
 */
export type StreamKind = 1 | 2;

export function frameHeader(stream: StreamKind, length: number): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(length, 4);
  return header;
}

export function frame(stream: StreamKind, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(8 + payload.length);
  out.fill(0, 0, 4);
  out[0] = stream;
  out.writeUInt32BE(payload.length, 4);
  out.set(payload, 8);
  return out;
}
