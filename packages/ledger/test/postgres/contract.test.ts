/** The contract of logs on PostgreSQL, with one writer and with three that share one log (spec chapter 17.5). @module */
import type { Pool } from 'pg'
import { describe, expect, test } from 'vitest'
import { POSTGRES_MISSING, POSTGRES_URL } from '../../../../test/postgres.ts'
import { ledgerContract, type LedgerSubject } from '../../src/contract/index.ts'
import type { Log } from '../../src/log.ts'
import { openPostgresLog } from '../../src/postgres/open.ts'
import { temporaryDirectory } from '../logs.ts'
import { database, optionsFor, poolOf } from './logs.ts'

test('a PostgreSQL to test with is there wherever nothing may be skipped', () => {
  expect(process.env['CI'] === 'true' && POSTGRES_URL === undefined ? POSTGRES_MISSING : '').toBe('')
})

async function subject(writers: number): Promise<LedgerSubject> {
  const made = await database()
  const homes = Array.from({ length: writers }, () => ({ pool: poolOf(made), directory: temporaryDirectory() }))
  let logs = await openAll(homes)
  return {
    logs,
    async reopen() {
      await Promise.all(logs.map((log) => log.close()))
      logs = await openAll(homes)
      return logs
    },
    close: async () => void (await Promise.all(logs.map((log) => log.close()))),
  }
}

async function openAll(homes: readonly { pool: Pool; directory: string }[]): Promise<[Log, ...Log[]]> {
  const [first, ...rest] = await Promise.all(homes.map(({ pool, directory }) => openPostgresLog(optionsFor(pool, directory))))
  if (first === undefined) throw new Error('no writer')
  return [first, ...rest]
}

describe.skipIf(POSTGRES_URL === undefined)('on a real PostgreSQL (skipped where AIEGIS_TEST_POSTGRES is not set)', () => {
  test.each(ledgerContract(() => subject(1)))('AHP-LEDGER-13 one writer: $name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  )
  test.each(ledgerContract(() => subject(3)))('AHP-LEDGER-13 three writers: $name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  )
})
