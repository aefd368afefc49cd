/** The contract of logs on the SQLite store, and backends that break it (spec chapter 17). @module */
import { describe, expect, onTestFinished, test } from 'vitest'
import { ledgerContract, type LedgerSubject } from '../src/contract/index.ts'
import type { Log } from '../src/log.ts'
import { openLog } from '../src/open-log.ts'
import { optionsIn, temporaryDirectory } from './logs.ts'

/** A log in a file; `change` stands between it and the contract. */
async function subject(change: (log: Log) => Log = (log) => log): Promise<LedgerSubject> {
  const directory = temporaryDirectory()
  let log = await openLog(optionsIn(directory))
  onTestFinished(() => log.close().catch(() => undefined))
  return {
    logs: [change(log)],
    async reopen() {
      await log.close()
      log = await openLog(optionsIn(directory))
      return [change(log)]
    },
  }
}

describe('AHP-LEDGER-13 a log in a SQLite file', () => {
  test.each(ledgerContract(() => subject()))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})

describe('a log that breaks the contract is told what it did', () => {
  const broken: readonly (readonly [name: string, change: (log: Log) => Log, reason: RegExp])[] = [
    ['gives each of 600', (log) => ({ ...log, append: skipping(log) }), /index number 0: 1 instead of 0/],
    [
      'gives the same key',
      (log) => ({ ...log, append: (leaf, key) => log.append(leaf, crypto.getRandomValues(key.slice())) }),
      /the index of a later append/,
    ],
    [
      'refuses a key',
      (log) => ({ ...log, append: (leaf, key) => log.append(leaf, crypto.getRandomValues(key.slice())) }),
      /another leaf: no error/,
    ],
    [
      'serves tiles and bundles',
      (log) => ({ ...log, tile: async (level, n, width) => log.tile(level, n, width).catch(() => new Uint8Array(32)) }),
      /tile 0\/1\.p\/45: no error/,
    ],
    [
      'serves a partial tile',
      (log) => ({ ...log, tile: async (level, n) => log.tile(level, n, log.size() > 256n ? 256 : Number(log.size())) }),
      /the first ten hashes: 8192 other bytes/,
    ],
  ]
  test.each(broken)('%s', async (name, change, reason) => {
    const found = ledgerContract(() => subject(change)).find((one) => one.name.startsWith(name))
    await expect(found?.run()).rejects.toThrow(reason)
  })

  function skipping(log: Log): Log['append'] {
    return async (leaf, key, clear) => {
      if (log.size() === 0n) await log.append(new Uint8Array(1), new Uint8Array(1))
      return log.append(leaf, key, clear)
    }
  }
})
