/** Logs in a file whose clear text is aged and cleaned, for tests. @module */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CustodySubject } from '../../src/contract/custody.ts'
import { clean } from '../../src/custody/janitor.ts'
import { CUSTODY_TRIGGERS } from '../../src/custody/sqlite-schema.ts'
import { openSqliteJanitor } from '../../src/custody/sqlite-janitor.ts'
import type { Log } from '../../src/log.ts'
import { openLog } from '../../src/open-log.ts'
import { connect, optionsIn, temporaryDirectory } from '../logs.ts'

/** A log in a file, closed while it is aged and cleaned. */
export function subjectInFile(directory: string = temporaryDirectory()): Promise<CustodySubject> {
  return subjectIn(directory, 'ledger.db', () => openLog(optionsIn(directory)))
}

/** A log whose tables are in a file of `directory`, closed while it is aged and cleaned. */
export async function subjectIn(directory: string, file: string, open: () => Promise<Log>): Promise<CustodySubject> {
  let log = await open()
  onTestFinished(() => log.close().catch(() => undefined))
  async function whileClosed<T>(work: () => T | Promise<T>): Promise<T> {
    await log.close()
    try {
      return await work()
    } finally {
      log = await open()
    }
  }
  return {
    get log() {
      return log
    },
    clean: (options) =>
      whileClosed(async () => {
        const store = await openSqliteJanitor(join(directory, file))
        try {
          return await clean(store, options)
        } finally {
          await store.close()
        }
      }),
    age: (first, last, seconds) => whileClosed(() => age(directory, first, last, seconds, file)),
  }
}

/** Makes clear text of entries `first` to `last` of a closed log older. */
export function age(directory: string, first: number, last: number, seconds: number, file?: string): void {
  ageWhere(directory, `idx BETWEEN ${first} AND ${last}`, seconds, file)
}

/** Sets times back as whoever owns the file can: with the trigger away and back again. */
export function ageWhere(directory: string, condition: string, seconds: number, file?: string): void {
  const keep = CUSTODY_TRIGGERS.find((text) => text.includes('TRIGGER private_keep ')) ?? ''
  const database = connect(directory, file)
  database.exec(`DROP TRIGGER private_keep; UPDATE private SET at = at - ${seconds} WHERE ${condition}; ${keep}`)
  database.close()
}

/** Names of files in `directory` that have these bytes anywhere. */
export function filesWith(directory: string, text: string): readonly string[] {
  return readdirSync(directory).filter((name) => readFileSync(join(directory, name)).includes(text))
}
