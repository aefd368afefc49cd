/** What every log must do wherever it is kept, as cases that need no test framework: for backends that others write (spec chapter 17). @module */
import type { Log } from '../log.ts'
import { appendCases } from './appending.ts'
import { readCases } from './reading.ts'
import { custodyCases, type CustodySubject } from './custody.ts'
import type { Check } from './subject.ts'

/** A log under test, made anew and empty for each case. */
export interface LedgerSubject {
  /** The log as each writer holds it: where several may append at least two of one log, else one. With `createLog` of a backend. */
  readonly logs: readonly [Log, ...Log[]]
  /** Closes all of them and opens what is stored again. */
  readonly reopen: () => Promise<readonly [Log, ...Log[]]>
  readonly close?: () => void | Promise<void>
}

/** One thing that a log must do. */
export interface LedgerCase {
  readonly name: string
  /** Rejects with an `Error` that says what the log did instead. */
  readonly run: () => Promise<void>
}

export type { CustodySubject } from './custody.ts'

const CASES: readonly (readonly [name: string, check: Check])[] = [...appendCases, ...readCases]

/**
 * The cases for a log. With vitest: `test.each(ledgerContract(open))('$name', ({ run }) => run())`. Cannot show what is lost when a
 * process is killed or a disk fails, nor that an old copy of what is stored is noticed.
 */
export function ledgerContract(open: () => LedgerSubject | Promise<LedgerSubject>): readonly LedgerCase[] {
  return CASES.map(([name, check]) => ({
    name,
    run: async () => {
      const subject = await open()
      try {
        await check(subject)
      } finally {
        await subject.close?.()
      }
    },
  }))
}

/** The cases about clear text, for a log that keeps some. Cannot show that bytes are gone from a disk. */
export function custodyContract(open: () => CustodySubject | Promise<CustodySubject>): readonly LedgerCase[] {
  return custodyCases.map(([name, check]) => ({ name, run: async () => check(await open()) }))
}
