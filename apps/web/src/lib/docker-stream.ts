/** Takes the 8-byte frame headers of the Docker stream format out of a stream, whatever its chunks. */
export function createDemux(): (chunk: Uint8Array) => Uint8Array[] {
  let header = new Uint8Array(8);
  let have = 0;
  let left = 0;
  return (chunk) => {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const end = Math.min(chunk.length, at + left);
        parts.push(chunk.subarray(at, end));
        left -= end - at;
        at = end;
        continue;
      }
      const take = Math.min(8 - have, chunk.length - at);
      header.set(chunk.subarray(at, at + take), have);
      have += take;
      at += take;
      if (have === 8) {
        left = new DataView(header.buffer).getUint32(4);
        header = new Uint8Array(8);
        have = 0;
      }
    }
    return parts;
  };
}
