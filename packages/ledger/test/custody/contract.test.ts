/** The contract about clear text, for a log in a SQLite file (spec chapter 17.7). @module */
import { describe, expect, test } from 'vitest'
import { custodyContract } from '../../src/contract/index.ts'
import { subjectInFile } from './logs.ts'

describe('AHP-CUSTODY-1 AHP-CUSTODY-2 AHP-CUSTODY-3 AHP-CUSTODY-4 AHP-CUSTODY-6 a log in a SQLite file', () => {
  test.each(custodyContract(() => subjectInFile()))('$name', async ({ run }) => expect(await run()).toBeUndefined())
})
