/** Docker's zero time: a container that never started or finished. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const bootOffset = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let drift = bootOffset;

/** Wall clock in nanoseconds since the epoch; sub-millisecond digits come from the monotonic clock. */
export function nowNano(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  const fine = process.hrtime.bigint() + drift;
  const difference = fine - wall;
  // The wall clock was set, or the process slept: follow it.
  if (difference > 5_000_000n || difference < -5_000_000n) {
    drift += wall - fine;
    return wall;
  }
  return fine;
}

/** RFC 3339 in UTC with nine fractional digits, the form of Docker's logs. */
export function formatNano(nano: bigint): string {
  const seconds = nano / 1_000_000_000n;
  const fraction = nano % 1_000_000_000n;
  const date = new Date(Number(seconds) * 1000).toISOString();
  return `${date.slice(0, 19)}.${fraction.toString().padStart(9, '0')}Z`;
}

/** RFC 3339 with any number of fractional digits and any offset → nanoseconds; NaN-free: null when it is not one. */
export function parseNano(text: string): bigint | null {
  const match = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/.exec(text);
  if (!match) return null;
  const [, day, clock, fraction = '', zone] = match;
  const milliseconds = Date.parse(`${day}T${clock}${zone === 'z' ? 'Z' : zone}`);
  if (Number.isNaN(milliseconds)) return null;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
