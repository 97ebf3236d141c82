/** What an exit code means, in words; where it comes from a signal, its name. */
export type ExitMeaning = { signal: string | null; meaning: string; next: string | null };

/** Linux signal numbers, signal(7). */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

const BY_SIGNAL: Record<string, [meaning: string, next: string | null]> = {
  SIGHUP: ['It was told to hang up.', null],
  SIGINT: ['It was interrupted.', null],
  SIGQUIT: ['It was told to quit.', null],
  SIGILL: [
    'It ran an instruction this processor does not have.',
    'Check that the image is made for this architecture.',
  ],
  SIGABRT: ['It gave up by itself (abort).', 'Its last lines usually say why.'],
  SIGBUS: ['It touched memory that is not there.', 'A full /dev/shm does this: try a larger --shm-size.'],
  SIGFPE: ['It made an impossible calculation.', null],
  SIGKILL: ['It was killed.', 'Something sent SIGKILL, or it did not stop in time.'],
  SIGSEGV: [
    'It crashed: it touched memory that is not its own.',
    'Its last lines and the versions of its libraries are the place to look.',
  ],
  SIGPIPE: ['It wrote to something that had closed.', null],
  SIGTERM: ['It was asked to stop, and did.', null],
  SIGSYS: [
    'It made a system call that the seccomp profile forbids.',
    'Find the call, and allow it in a profile of your own.',
  ],
};

const BY_CODE: Record<number, [meaning: string, next: string | null]> = {
  0: ['It finished its work.', null],
  1: ['It ended with a general error.', 'Its last lines usually say why.'],
  2: ['It was called the wrong way.', 'Check the command and its arguments.'],
  125: ['The engine could not run it.', 'The error of the engine says why.'],
  126: [
    'Its command was found but cannot be executed.',
    'Check the file’s permissions, and that it is made for this architecture.',
  ],
  127: ['Its command does not exist in the image.', 'Check the command, and the PATH of the image.'],
};

export function exitMeaning(code: number, oomKilled: boolean): ExitMeaning {
  if (oomKilled) {
    return {
      signal: 'SIGKILL',
      meaning: 'It was killed because it ran out of memory.',
      next: 'Give it a higher memory limit, or find what it keeps.',
    };
  }
  const signal = code > 128 && code < 160 ? (SIGNALS[code - 128] ?? `signal ${code - 128}`) : null;
  const known = signal ? BY_SIGNAL[signal] : BY_CODE[code];
  if (known) return { signal, meaning: known[0], next: known[1] };
  if (signal) return { signal, meaning: `It was ended by ${signal}.`, next: null };
  return {
    signal: null,
    meaning: 'It ended with an error of its own.',
    next: 'Its last lines or its documentation say what this code means.',
  };
}
