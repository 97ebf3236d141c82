import { readFile, stat } from 'node:fs/promises';
import type { Busybox } from '#core/images/starter.ts';
import { runOk } from '#os/process.ts';

const PLACES = ['/bin/busybox', '/usr/bin/busybox'];
/** Program header type of the path of a dynamic loader; ELF specification, "Program Header". */
const PT_INTERP = 3;

/** Whether a 64-bit little-endian ELF program needs no loader and no libraries. */
function isStatic(program: Buffer): boolean {
  const isElf64 = program.length > 64 && program.readUInt32BE(0) === 0x7f454c46 && program[4] === 2 && program[5] === 1;
  if (!isElf64) return false;
  const table = Number(program.readBigUInt64LE(32));
  const size = program.readUInt16LE(54);
  const count = program.readUInt16LE(56);
  for (let index = 0; index < count; index += 1) {
    const at = table + index * size;
    if (at + 4 > program.length || program.readUInt32LE(at) === PT_INTERP) return false;
  }
  return true;
}

/** The host's static busybox; undefined when there is none (Debian package busybox-static). */
export async function readBusybox(places: readonly string[] = PLACES): Promise<Busybox | undefined> {
  for (const path of places) {
    const program = await readFile(path).catch(() => undefined);
    if (!program || !isStatic(program)) continue;
    const applets = (await runOk(path, ['--list-full'], { timeout: 10_000 })).split('\n').filter(Boolean);
    return { program, applets, builtAt: Math.trunc((await stat(path)).mtimeMs / 1000) };
  }
  return undefined;
}
