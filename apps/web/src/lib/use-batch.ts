'use client';
import { useMutation } from '@tanstack/react-query';
import { messageOf } from './request.ts';

export type Failure = { title: string; message: string };
/** At once towards the engine; the rest waits. */
const PARALLEL = 6;

/** Does one thing to several objects; what fails is gathered and does not stop the others. */
export function useBatch<Job, Item>(options: {
  items: (job: Job) => readonly Item[];
  run: (item: Item, job: Job) => Promise<unknown>;
  /** What to say of an item that failed, as a title over the engine's words. */
  failed: (item: Item, job: Job) => string;
  onDone: (done: Item[], failures: Failure[], job: Job) => void;
}) {
  return useMutation({
    mutationFn: async (job: Job) => {
      const failures: Failure[] = [];
      const done: Item[] = [];
      const queue = [...options.items(job)];
      const worker = async () => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
          try {
            await options.run(item, job);
            done.push(item);
          } catch (error) {
            failures.push({ title: options.failed(item, job), message: messageOf(error) });
          }
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, worker));
      return { done, failures };
    },
    onSuccess: ({ done, failures }, job) => options.onDone(done, failures, job),
  });
}
