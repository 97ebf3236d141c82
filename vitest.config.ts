import { defineConfig } from 'vitest/config';

/** `unit` needs no root; `host` runs real containers and must not share the host with itself: one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'apps/engine/{src,contract}/**/*.test.ts',
            'apps/engine/test/{unit,suites}/**/*.test.ts',
            'apps/web/src/**/*.test.ts',
            'scripts/**/*.test.ts',
          ],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'host',
          include: ['apps/engine/test/host/**/*.test.ts'],
          setupFiles: ['apps/engine/test/host/setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // Real processes on a machine that does other things too; a second failure is one. The runner names the first.
          retry: 1,
        },
      },
      {
        test: {
          name: 'compat',
          include: ['e2e/compat/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          retry: 1,
        },
      },
    ],
  },
});
