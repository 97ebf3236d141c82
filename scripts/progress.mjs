// Progress for people, and content hashes that tell whether a step has anything to do.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const report = (line) => process.stdout.write(`${line}\n`);

/** Says what begins, a line every 10 s while it lasts, and how it ended. */
export async function step(title, work) {
  const begun = Date.now();
  const seconds = () => ((Date.now() - begun) / 1000).toFixed(1);
  report(`[${title}] …`);
  const timer = setInterval(() => report(`[${title}] still at it, ${seconds()} s`), 10_000);
  try {
    const outcome = await work();
    report(`[${title}] ${outcome} (${seconds()} s)`);
  } finally {
    clearInterval(timer);
  }
}

/** SHA-256 over the names and contents of files and folders below `root`. */
export function hashFiles(root, paths, skip = []) {
  const hash = createHash('sha256');
  const visit = (relative) => {
    const path = join(root, relative);
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) {
      hash.update(`${relative}\0`).update(readFileSync(path)).update('\0');
      return;
    }
    for (const name of readdirSync(path).sort())
      if (!skip.includes(name) && !name.endsWith('.tsbuildinfo')) visit(join(relative, name));
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}
