/** The contract about clear text, for a log in a SQLite file (spec chapter 17.7). @module */
import { describe, expect, test } from 'vitest'
import { custodyContract } from '../../src/contract/index.ts'
import { openLog } from '../../src/open-log.ts'
import { optionsIn, temporaryDirectory } from '../logs.ts'
import { subjectIn, subjectInFile } from './logs.ts'

describe('AHP-CUSTODY-1 AHP-CUSTODY-2 AHP-CUSTODY-3 AHP-CUSTODY-4 AHP-CUSTODY-6 a log in a SQLite file', () => {
  test.each(custodyContract(() => subjectInFile()))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})

describe('AHP-CUSTODY-2 AHP-CUSTODY-4 a log in a SQLite file that a thread has', () => {
  const open = (directory: string): ReturnType<typeof subjectIn> =>
    subjectIn(directory, 'ledger.db', () => openLog({ ...optionsIn(directory), thread: true }))
  test.each(custodyContract(() => open(temporaryDirectory())))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})
