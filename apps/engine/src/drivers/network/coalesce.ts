/**
 * Runs one piece of work at a time. Calls that arrive meanwhile share the next
 * run: thirty containers that start at once cost two or three rule sets, not
 * thirty. Every call settles with a run that began after it was made.
 */
export function createCoalescer<T>(work: (latest: T) => Promise<void>): (input: T) => Promise<void> {
  let waiting: (PromiseWithResolvers<void> & { input: T }) | null = null;
  let active = false;

  async function drain(): Promise<void> {
    active = true;
    while (waiting) {
      const batch = waiting;
      waiting = null;
      await work(batch.input).then(batch.resolve, batch.reject);
    }
    active = false;
  }

  return (input) => {
    waiting ??= { ...Promise.withResolvers<void>(), input };
    waiting.input = input;
    const { promise } = waiting;
    if (!active) void drain();
    return promise;
  };
}
