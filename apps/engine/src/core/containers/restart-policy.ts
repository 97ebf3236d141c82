import type { ContainerRecord } from './types.ts';

const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A container that ran this long is taken to have worked: its next failure starts from the first delay again. */
const WORKED_AFTER = 10_000;

/** Whether an exited container is to be started again; `stopped` is the user's word that it is not. */
export function shouldRestart(record: ContainerRecord, options: { atBoot?: boolean } = {}): boolean {
  const { Name, MaximumRetryCount } = record.hostConfig.RestartPolicy;
  const stopped = record.state.stoppedByUser;
  switch (Name) {
    case 'always':
      // What `always` means beyond unless-stopped: a reboot brings it back.
      return options.atBoot === true || !stopped;
    case 'unless-stopped':
      return !stopped;
    case 'on-failure':
      return (
        !stopped && record.state.exitCode !== 0 && (MaximumRetryCount === 0 || record.restartCount < MaximumRetryCount)
      );
    default:
      return false;
  }
}

/** Milliseconds to wait before the next start: 100 ms, doubled each time up to a minute. */
export function nextDelay(previous: number, ranForMs: number): number {
  if (previous === 0 || ranForMs > WORKED_AFTER) return FIRST_DELAY;
  return Math.min(previous * 2, LONGEST_DELAY);
}
