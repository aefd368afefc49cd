/** The contract of logs on a directory of tiles (spec chapter 17.9). @module */
import { describe, expect, onTestFinished, test } from 'vitest'
import { custodyContract, ledgerContract, type CustodySubject, type LedgerSubject } from '../../src/contract/index.ts'
import { openTilesLog } from '../../src/tiles/open.ts'
import { subjectIn } from '../custody/logs.ts'
import { temporaryDirectory } from '../logs.ts'
import { tilesIn } from './logs.ts'

async function subject(): Promise<LedgerSubject> {
  const directory = temporaryDirectory()
  let log = await openTilesLog(tilesIn(directory))
  onTestFinished(() => log.close().catch(() => undefined))
  return {
    logs: [log],
    async reopen() {
      await log.close()
      log = await openTilesLog(tilesIn(directory))
      return [log]
    },
  }
}

describe('AHP-LEDGER-13 a log in a directory of tiles', () => {
  test.each(ledgerContract(subject))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})

describe('AHP-CUSTODY-1 AHP-CUSTODY-2 AHP-CUSTODY-3 AHP-CUSTODY-4 AHP-CUSTODY-6 a log in a directory of tiles', () => {
  const subjectInDirectory = (directory: string): Promise<CustodySubject> =>
    subjectIn(directory, 'index.db', () => openTilesLog(tilesIn(directory)))
  test.each(custodyContract(() => subjectInDirectory(temporaryDirectory())))('$name', async ({ run }) =>
    expect(await run()).toBeUndefined(),
  )
})
