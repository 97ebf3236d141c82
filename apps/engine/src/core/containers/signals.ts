import { constants } from 'node:os';
import { EngineError } from '#core/errors.ts';

const numbers = new Map(Object.entries(constants.signals).map(([name, number]) => [name, number]));
/** Real-time signals of Linux as glibc counts them: RTMIN is 34, RTMAX is 64. */
const RTMIN = 34;
const RTMAX = 64;

function realTime(name: string): number | undefined {
  const match = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!match) return undefined;
  const [, base, sign, digits = '0'] = match;
  const number = (base === 'MIN' ? RTMIN : RTMAX) + (sign === '-' ? -1 : 1) * Number(digits);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}

/** `9`, `KILL`, `SIGKILL`, `rtmin+3` → the number; `invalid_argument` otherwise, in Docker's words. */
export function parseSignal(text: string): number {
  const trimmed = text.trim();
  if (/^\d{1,3}$/.test(trimmed)) {
    const number = Number(trimmed);
    if (number >= 1 && number <= RTMAX) return number;
    throw new EngineError('invalid_argument', `Invalid signal: ${text}`);
  }
  const upper = trimmed.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const number = numbers.get(name) ?? realTime(name);
  if (number === undefined) throw new EngineError('invalid_argument', `Invalid signal: ${text}`);
  return number;
}
