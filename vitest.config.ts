import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  // Tests run from source: this condition is in no other package's exports map.
  ssr: { resolve: { conditions: ['@aiegis/source'] } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'conformance/test/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.{ts,mjs}',
    ],
    // What needs other runtimes: `npm run test:runtimes` installs them.
    exclude: [...configDefaults.exclude, 'test/runtimes/**'],
    // What passes says nothing: a receiver reports each misconfiguration that a test provokes.
    silent: 'passed-only',
    // Many tests wait for a process or a clock: one more than vitest starts by itself.
    maxWorkers: availableParallelism(),
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
})
