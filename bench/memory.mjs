import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const read = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

/**
 * KiB of the engine's own processes: those whose command line matches, and their descendants, without what runs in pid
 * namespaces of its own (the containers). Null when the endpoint names no pattern.
 */
export function engineMemory(pattern) {
  if (!pattern) return null;
  const own = readlinkSync('/proc/self/ns/pid');
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      const stat = read(`/proc/${pid}/stat`);
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      return { pid, parent, command: read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() };
    });
  const mine = new Set(all.filter(({ command }) => pattern.test(command)).map(({ pid }) => pid));
  for (const { pid, command } of all) if (command.includes('bench/run.mjs')) mine.delete(pid);
  for (let grown = true; grown; ) {
    const size = mine.size;
    for (const { pid, parent } of all) if (mine.has(parent)) mine.add(pid);
    grown = mine.size > size;
  }
  let rss = 0;
  let pss = 0;
  for (const pid of mine) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/pid`) !== own) continue;
    } catch {
      continue;
    }
    const text = read(`/proc/${pid}/smaps_rollup`);
    const value = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    rss += value('Rss');
    pss += value('Pss');
  }
  return { rss, pss };
}
