import { cx } from './class-names.ts';

/** Every state has a shape and a word besides its colour, the same everywhere. */
export type StateKind =
  | 'running'
  | 'healthy'
  | 'unhealthy'
  | 'starting'
  | 'paused'
  | 'restarting'
  | 'exited'
  | 'failed'
  | 'created'
  | 'removing'
  | 'dead';

const colour: Record<StateKind, string> = {
  running: 'text-good',
  healthy: 'text-good',
  unhealthy: 'text-bad',
  starting: 'text-watch',
  paused: 'text-watch',
  restarting: 'text-watch',
  exited: 'text-faint',
  failed: 'text-bad',
  created: 'text-faint',
  removing: 'text-faint',
  dead: 'text-bad',
};

export const stateWord: Record<StateKind, string> = {
  running: 'running',
  healthy: 'healthy',
  unhealthy: 'unhealthy',
  starting: 'starting',
  paused: 'paused',
  restarting: 'restarting',
  exited: 'exited',
  failed: 'exited',
  created: 'created',
  removing: 'removing',
  dead: 'dead',
};

/** The shape alone, 12 px; hidden from readers, since the word stands beside it. */
export function StateShape({ state, size = 12, className }: { state: StateKind; size?: number; className?: string }) {
  return (
    <svg
      viewBox="0 0 12 12"
      width={size}
      height={size}
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      className={cx(
        'shrink-0',
        colour[state],
        state === 'restarting' && 'animate-turn',
        state === 'removing' && 'animate-fade-slow',
        className,
      )}
    >
      {shape(state)}
    </svg>
  );
}

function shape(state: StateKind) {
  switch (state) {
    case 'running':
    case 'healthy':
      return <circle cx="6" cy="6" r="4.4" fill="currentColor" stroke="none" />;
    case 'unhealthy':
      // A dot with a notch cut out of its upper right.
      return <path d="M6 6 L6 1.6 A4.4 4.4 0 1 0 10.4 6 Z" fill="currentColor" stroke="none" />;
    case 'starting':
      return (
        <>
          <circle cx="6" cy="6" r="4" />
          <path d="M6 1.6 A4.4 4.4 0 0 1 6 10.4 Z" fill="currentColor" stroke="none" />
        </>
      );
    case 'paused':
      return <path d="M4 2.2v7.6M8 2.2v7.6" strokeWidth="2.2" />;
    case 'restarting':
      return <circle cx="6" cy="6" r="4" strokeDasharray="17 8.2" strokeLinecap="round" />;
    case 'failed':
    case 'dead':
      return (
        <>
          <circle cx="6" cy="6" r="4" />
          <path d="M2.6 9.4 L9.4 2.6" />
        </>
      );
    case 'created':
      return <circle cx="6" cy="6" r="4" strokeDasharray="1.9 2.29" />;
    case 'removing':
    case 'exited':
      return <circle cx="6" cy="6" r="4" />;
  }
}

/** Shape and word. `detail` follows the word: an exit code, a reason. */
export function StateMark({
  state,
  word,
  detail,
  className,
}: {
  state: StateKind;
  word?: string;
  detail?: string | undefined;
  className?: string;
}) {
  return (
    <span className={cx('inline-flex min-w-0 items-center gap-2', className)}>
      <StateShape state={state} />
      <span className="truncate">
        {word ?? stateWord[state]}
        {detail && <span className="mono ml-1.5 text-muted">{detail}</span>}
      </span>
    </span>
  );
}
