import { readFileSync } from 'node:fs';
import type { Ulimit } from '#core/containers/types.ts';
import { EngineError } from '#core/errors.ts';
import type { OciRlimit } from './oci.ts';

/** Process limits (`--ulimit`), getrlimit(2). */

const TYPES = new Map([
  ['core', 'Max core file size'],
  ['cpu', 'Max cpu time'],
  ['data', 'Max data size'],
  ['fsize', 'Max file size'],
  ['locks', 'Max file locks'],
  ['memlock', 'Max locked memory'],
  ['msgqueue', 'Max msgqueue size'],
  ['nice', 'Max nice priority'],
  ['nofile', 'Max open files'],
  ['nproc', 'Max processes'],
  ['rss', 'Max resident set'],
  ['rtprio', 'Max realtime priority'],
  ['rttime', 'Max realtime timeout'],
  ['sigpending', 'Max pending signals'],
  ['stack', 'Max stack size'],
]);

/** Hard limits of this process by Docker's name; Infinity for unlimited. From /proc/self/limits. */
export function parseLimits(text: string): Map<string, number> {
  const limits = new Map<string, number>();
  for (const [name, label] of TYPES) {
    const line = text.split('\n').find((each) => each.startsWith(`${label} `));
    const hard = line?.slice(label.length).trim().split(/\s+/)[1];
    if (hard !== undefined) limits.set(name, hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard));
  }
  return limits;
}

export const ownLimits = (): Map<string, number> => parseLimits(readFileSync('/proc/self/limits', 'latin1'));

/** RLIM_INFINITY, which a double cannot hold. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
const UNLIMITED = rawJson('18446744073709551615');

const value = (limit: number): unknown => (limit === Number.POSITIVE_INFINITY ? UNLIMITED : limit);

/**
 * Limits as asked; where this root may not raise one so far, the highest it may
 * give, with a warning. `own` is undefined when it may raise any.
 */
export function rlimits(
  ulimits: readonly Ulimit[] | null,
  own: ReadonlyMap<string, number> | undefined,
  warn: (text: string) => void,
): OciRlimit[] {
  const result = new Map<string, OciRlimit>();
  for (const { Name, Soft, Hard } of ulimits ?? []) {
    if (!TYPES.has(Name)) throw new EngineError('invalid_argument', `invalid ulimit type: ${Name}`);
    const wanted = (limit: number): number => (limit === -1 ? Number.POSITIVE_INFINITY : limit);
    const highest = own?.get(Name) ?? Number.POSITIVE_INFINITY;
    const hard = Math.min(wanted(Hard), highest);
    if (hard < wanted(Hard)) warn(`the limit ${Name} is ${hard}, not ${Hard}: this host's root may not raise it`);
    const soft = Math.min(wanted(Soft), hard);
    const type = `RLIMIT_${Name.toUpperCase()}`;
    result.set(type, { type, hard: value(hard), soft: value(soft) });
  }
  return [...result.values()];
}
