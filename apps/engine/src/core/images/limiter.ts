/** At most `slots` pieces of work at once; the others wait in the order they came. */
export function createLimiter(slots: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = slots;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The slot is handed on; nobody can slip in between.
      if (next) next();
      else free += 1;
    }
  };
}
