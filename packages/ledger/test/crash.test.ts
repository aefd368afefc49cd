import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { crashRounds } from '../src/crash/rounds.ts'
import { temporaryDirectory } from './logs.ts'

test.each([
  ['in SQLite', 'sqlite'],
  ['in SQLite in a thread', 'thread'],
  ['in a directory', 'tiles'],
] as const)(
  'AHP-LEDGER-5 AHP-LEDGER-7 nothing that was released is lost when the process is killed, 20 times, %s',
  async (_, store) => {
    // The process that is killed runs what was built: Node 20 cannot run TypeScript.
    const child = fileURLToPath(new URL('../dist/crash/child.js', import.meta.url))
    expect(existsSync(child), 'build first: npx tsc -b').toBe(true)
    const result = await crashRounds({ count: 20, store, directory: temporaryDirectory(), child, random: Math.random })
    expect(result).toMatchObject({ rounds: 20, missing: 0, inconsistent: 0 })
    expect(result.released).toBeGreaterThan(20)
  },
)
