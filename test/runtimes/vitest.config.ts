import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** What runs on other runtimes, which `npm run test:runtimes` installs; not part of `npm test`. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  ssr: { resolve: { conditions: ['@aiegis/source'] } },
  test: { include: ['test/runtimes/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
})
