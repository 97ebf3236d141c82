import type { ContainerState } from '#core/containers/types.ts';
import { parseNano, ZERO_TIME } from '#lib/time.ts';

const HOUR = 3600;

/** Seconds as the docker CLI's users know them: `5 minutes`, `About an hour`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  const whole = Math.floor(seconds);
  if (whole === 1) return '1 second';
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / HOUR + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / HOUR / 24 / 365)} years`;
}

function since(time: string, now: bigint): string {
  const then = parseNano(time) ?? now;
  return humanDuration(Math.max(0, Number((now - then) / 1_000_000n) / 1000));
}

/** The `Status` of a list: `Up 5 minutes (healthy)`, `Exited (3) 2 seconds ago`. */
export function statusText(state: ContainerState, now: bigint): string {
  switch (state.status) {
    case 'running': {
      const health = state.health?.Status;
      const note = !health || health === 'none' ? '' : health === 'starting' ? ' (health: starting)' : ` (${health})`;
      return `Up ${since(state.startedAt, now)}${note}`;
    }
    case 'paused':
      return `Up ${since(state.startedAt, now)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt, now)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    default:
      if (state.startedAt === ZERO_TIME) return 'Created';
      return state.finishedAt === ZERO_TIME ? '' : `Exited (${state.exitCode}) ${since(state.finishedAt, now)} ago`;
  }
}
