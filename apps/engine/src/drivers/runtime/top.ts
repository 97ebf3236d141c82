import { EngineError } from '#core/errors.ts';
import { run, tidyStderr } from '#os/process.ts';

/**
 * Titles and rows of ps(1) for some processes. The last column takes the rest
 * of its line. Errors: `invalid_argument` when ps refuses the arguments or its
 * output has no PID column.
 */
export function parsePs(output: string, pids: ReadonlySet<number>): { titles: string[]; processes: string[][] } {
  const lines = output.split('\n');
  const titles = (lines[0] ?? '').trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) throw new EngineError('invalid_argument', "Couldn't find PID field in ps output");
  const processes: string[][] = [];
  for (const line of lines.slice(1)) {
    const words = line.trim().split(/\s+/);
    if (words.length < titles.length || !pids.has(Number(words[pidColumn]))) continue;
    const last = titles.length - 1;
    processes.push([...words.slice(0, last), restOfLine(line, last)]);
  }
  return { titles, processes };
}

/** From the nth word on, inner spaces kept. */
function restOfLine(line: string, words: number): string {
  let rest = line.trim();
  for (let i = 0; i < words; i += 1) rest = rest.replace(/^\S+\s+/, '');
  return rest;
}

export async function top(pids: readonly number[], psArgs: readonly string[]) {
  const result = await run('ps', psArgs.length > 0 ? psArgs : ['-ef'], { timeout: 10_000, env: { COLUMNS: '8192' } });
  if (result.code !== 0 && result.stdout.trim() === '') {
    throw new EngineError(
      'invalid_argument',
      `Error running ps: ${tidyStderr(result.stderr) || `exit status ${result.code}`}`,
    );
  }
  return parsePs(result.stdout, new Set(pids));
}
