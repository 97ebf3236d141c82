import { parseNano } from './time.ts';

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const PART = /(\d+)(?:\.(\d+))?(ns|us|µs|μs|ms|s|m|h)/gy;
/** Far beyond any date, still well inside 64 bits: 292 years in either direction is what clients can express. */
const LARGEST = 1n << 63n;

/** Go's duration notation (`1h30m`, `1.5s`, `-10m`) → nanoseconds; null when it is not one. */
export function parseGoDuration(text: string): bigint | null {
  if (text.length > 64) return null;
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0n;
  let total = 0n;
  let end = 0;
  PART.lastIndex = 0;
  for (let match = PART.exec(body); match; match = PART.exec(body)) {
    const [, whole = '0', fraction = '', unit = 's'] = match;
    const scale = UNITS[unit] as bigint;
    total += BigInt(whole) * scale;
    if (fraction) total += (BigInt(fraction.slice(0, 18)) * scale) / 10n ** BigInt(Math.min(fraction.length, 18));
    end = PART.lastIndex;
  }
  if (end === 0 || end !== body.length || total >= LARGEST) return null;
  return negative ? -total : total;
}

/**
 * What `since` and `until` take: seconds since the epoch with an optional fraction (`1700000000.123456789`),
 * RFC 3339 with or without zone, time or fraction (without a zone: UTC), or a Go duration before `now`.
 * → nanoseconds since the epoch; null when it is none of them.
 */
export function parseTimestamp(text: string, now: bigint): bigint | null {
  if (text.length > 64) return null;
  const unix = /^(-?)(\d{1,12})(?:\.(\d{1,18}))?$/.exec(text);
  if (unix) {
    const [, sign, seconds = '0', fraction = ''] = unix;
    const value = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
    return sign ? -value : value;
  }
  const exact = parseNano(text);
  if (exact !== null) return exact;
  const loose = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (loose) {
    const [, day, clock = '00:00', seconds = ':00', zone = 'Z'] = loose;
    return parseNano(`${day}T${clock}${seconds}${zone}`);
  }
  const duration = parseGoDuration(text);
  return duration === null ? null : now - duration;
}
